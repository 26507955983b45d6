"""What Slipway is compared with, in the environment of `requirements/bench.txt`; these modules import nothing of Slipway."""
