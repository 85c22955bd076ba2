"""The settings of a run: the seed's `GlobalConfig`, and how it is loaded in layers.

Nothing is interpolated: `${HOME}` or `%(x)s` in a value is that text. An unknown key is an error.
"""

from __future__ import annotations

from real_trade.utils._config_layers import CONFIG_FILE, LoadedConfig, load_config, user_folder
from real_trade.utils._global_config import GlobalConfig

__all__ = ["CONFIG_FILE", "GlobalConfig", "LoadedConfig", "load_config", "user_folder"]
