"""Runs the same models on Apache Spark, for data too large for one machine. Only it imports pyspark.

It may import what etl.warehouse may. Entry point: `engine.on_spark`.
"""
