"""矢量切片: layers as vector tiles (Mapbox Vector Tile 2) by OGC API Tiles, in the tile matrix set WebMercatorQuad."""
