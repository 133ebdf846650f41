"""The steps of the pipeline that look at content, one file each."""
