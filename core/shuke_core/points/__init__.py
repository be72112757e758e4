"""Points (积分): what an order earns and what a refund takes back, by the tenant's rule."""
