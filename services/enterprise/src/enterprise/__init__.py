"""企业融合服务: what the city does for firms. Each folder below is one capability with all its layers."""
