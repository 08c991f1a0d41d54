"""What every floor stands on: time, errors, identifiers, keys, resources, translations."""
