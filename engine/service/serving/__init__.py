"""Model serving endpoints, and the models behind them."""
