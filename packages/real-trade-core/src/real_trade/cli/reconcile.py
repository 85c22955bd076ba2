"""`real-trade reconcile`: the journal beside the exchange's books."""

from __future__ import annotations

import click

from real_trade.cli.exits import Exit
from real_trade.cli.options import database_option, exchange_options
from real_trade.cli.output import output_option, print_json, print_table

__all__ = ["reconcile"]


@click.command()
@exchange_options
@click.option(
    "--mode",
    default="testnet",
    show_default=True,
    type=click.Choice(["testnet", "live"]),
    help="Whose journal; the other modes have none.",
)
@database_option("Where the journal is, if not in the user's data folder")
@click.option("-v", "verbose", count=True, expose_value=False, hidden=True)
@output_option
@click.pass_context
def reconcile(
    ctx: click.Context,
    exchange: str,
    market: str,
    mode: str,
    endpoint: str,
    db_url: str,
    output: str,
) -> None:
    """Show what the journal and the exchange say of open orders and recent fills.

    It asks and changes nothing, also while a bot runs; a run does by itself what stands under
    action. The exit code is 7 if anything differs. Orders of others are shown and are no
    difference.
    """
    from real_trade.cli.keys import key_of
    from real_trade.common import BaseStore
    from real_trade.common.journaling import compare_journal
    from real_trade.model import Mode

    chosen = Mode(mode)
    store = BaseStore(
        key_of("apikey", chosen, exchange),
        key_of("secret", chosen, exchange),
        mode=chosen,
        market_type=market,
        exchange_name=exchange,
        endpoint=endpoint,
        db_url=db_url,
    )
    try:
        found = compare_journal(store)
    finally:
        store.stop()
    differing = sum(one.differs for one in found)
    rows = [
        {
            "what": one.what,
            "client_order_id": one.client_order_id,
            "symbol": one.symbol,
            "journal": one.journal,
            "exchange": one.exchange,
            "action": one.remedy.value,
            "differs": one.differs,
        }
        for one in found
    ]
    if output == "json":
        print_json({"mode": mode, "market": market, "differences": differing, "compared": rows})
    elif rows:
        columns = ("what", "client_order_id", "symbol", "journal", "exchange", "action")
        title = f"{mode} {market} on {exchange}: {differing} differences"
        shown = [[row[name] or "-" for name in columns] for row in rows]
        print_table(title, [name.replace("_", " ") for name in columns], shown)
    else:
        click.echo("nothing is open and no fill is new: journal and exchange agree")
    if differing:
        ctx.exit(int(Exit.MISMATCH))
