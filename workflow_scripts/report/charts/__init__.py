"""The charts of the report: Vega-Lite specifications, made with Altair, of what tables hold."""
