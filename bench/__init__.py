"""Benchmarks beside their floors: the same work with everything of ours taken away, in the same run."""
