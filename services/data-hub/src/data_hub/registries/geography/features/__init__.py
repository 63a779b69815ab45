"""要素服务: layers as OGC API Features (Core, CRS, Filtering with CQL2), as GeoJSON and as pages."""
