"""Delta tables and artefacts on local disk or S3, and the Spark data source over them."""
