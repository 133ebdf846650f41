"""The steps of the pipeline that read raw mail."""
