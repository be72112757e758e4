"""The catalogue (商品): items with code, name, category, price and state; categories (类目) as a tree."""
