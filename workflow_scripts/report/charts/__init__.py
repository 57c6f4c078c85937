"""The charts of the report: Vega-Lite specifications, made with Altair, of what tables hold.

Vega-Lite rather than Plotly: a specification is plain data, so equal results give an equal page and
a name never becomes code; its grammar has facets, zoom and legends that select; and the library is
0.9 MB in the page rather than 4.5.
"""
