"""Elinkages: referral partners for managed service providers."""
