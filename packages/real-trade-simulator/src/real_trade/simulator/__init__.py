"""A simulated exchange on loopback that speaks Binance's protocol, with faults on demand.

`real_trade.simulator.simulator.Simulator` is the exchange itself, pure and synchronous;
`server` puts it on a port, `inprocess` behind core's transport seams in virtual time.
"""
