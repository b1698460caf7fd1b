"""What every app stands on and what knows nothing of the business: tenancy, money, tasks, refusals."""
