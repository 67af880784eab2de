"""What the pages say of a data directory: the runs, the findings of the last verification, purges."""
