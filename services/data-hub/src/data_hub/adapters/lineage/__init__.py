"""A receiver of lineage elsewhere 血缘接收端 (OpenLineage), as catalogues like Marquez are."""
