"""Tenants (商户) and their stores (门店): who the data belongs to."""
