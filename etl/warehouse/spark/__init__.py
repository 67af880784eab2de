"""The same models on Apache Spark, for what one machine cannot carry; pyspark is imported in here alone."""
