"""Functions of Databricks SQL that are refused on purpose, and what to do instead."""

_HASHES = "Its values are Spark's own. Use md5 or sha2."
_CLUSTER = "There is no cluster here whose parts it could tell."
_TYPES = "The result would depend on how nested types are written."

REFUSED: dict[str, str] = {
    "hash": _HASHES,
    "xxhash64": _HASHES,
    "crc32": _HASHES,
    "monotonically_increasing_id": f"{_CLUSTER} Use row_number() OVER (ORDER BY ...).",
    "spark_partition_id": _CLUSTER,
    "input_file_name": "Use read_files; a Delta table does not show its files.",
    "version": "There is no Spark behind it. Use boathouse --version.",
    "conv": "Use hex, unhex or bin.",
    "to_json": f"{_TYPES} Write the text with concat, or make it outside.",
    "schema_of_json": f"{_TYPES} Write the schema for from_json.",
    "parse_json": "There is no VARIANT here. Use get_json_object or from_json.",
    "try_parse_json": "There is no VARIANT here. Use get_json_object or from_json.",
    "variant_get": "There is no VARIANT here. Use get_json_object or from_json.",
    "to_number": "Use CAST(replace(text, ',', '') AS DECIMAL(18, 2)).",
    "try_to_number": "Use try_cast(replace(text, ',', '') AS DECIMAL(18, 2)).",
    "to_char": "Use date_format for instants and format_number for numbers.",
    "to_varchar": "Use date_format for instants and format_number for numbers.",
    "shiftrightunsigned": "Its result depends on the width of the number. Use shiftright.",
    "shuffle": "It cannot be repeated. Sort by rand() instead.",
    "sentences": "It depends on a language. Use split.",
    "parse_url": "Use regexp_extract.",
    "collate": "Text is compared by its characters. Use lower(...) on both sides.",
    "histogram_numeric": "Its bins are an approximation of Spark's own. Use width_bucket and count.",
    "count_min_sketch": "Its bytes are Spark's own.",
    "hll_sketch_agg": "Its bytes are Spark's own. Use approx_count_distinct.",
    "aes_encrypt": "Keys do not belong into the text of a statement.",
    "aes_decrypt": "Keys do not belong into the text of a statement.",
    "session_window": "Use lag() over the time and a running sum of the gaps.",
    "window": "Use date_trunc, or floor the unix_seconds to a multiple of the length.",
    "window_time": "Use date_trunc.",
    "java_method": "There is no Java here. Write a function in SQL or Python.",
    "reflect": "There is no Java here. Write a function in SQL or Python.",
    "ai_query": "It stands in queries, CREATE TABLE AS and INSERT; for views and changes keep its answers in a table.",
    "secret": "Secrets do not belong into results. Use {{secrets/scope/key}} in a job.",
    "http_request": "A query cannot reach the network.",
    "read_kafka": "A query cannot reach the network.",
    "uniform": "It takes a seed, and the sequence of numbers is Spark's own. Use rand().",
    "randstr": "It takes a seed, and the sequence of numbers is Spark's own. Use uuid().",
}
"""By lower-case name: why, and the way out."""
