"""The history in a Redis or Valkey: requests of several machines and services together."""
