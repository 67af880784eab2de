"""The same models on Apache Spark, for data that one machine cannot process. Only it imports pyspark.

It may import what etl.warehouse may. Entry point: `engine.on_spark`.
"""
