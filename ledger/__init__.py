"""The only code that knows Placement: claims, candidates, inventory, vocabulary."""
