"""`make bench`: the product's paths beside bare twins of the same work, as ratios in one run."""
