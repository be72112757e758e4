"""The limit of the rows `staff.list`: a page of 50 members with points and orders, written by hand.

Whose token it is, the page and what hangs on it are one statement. `{after}` is where the page
begins: nothing for the first, the keys of a member for one further on.
"""

ROWS, ORDERS = 50, 3

_LIST = """
SELECT json_build_object('data', json_build_object('members', (
    SELECT json_build_object(
        'edges', coalesce(json_agg(json_build_object('node', json_build_object(
            'id', m.id, 'cardNo', m.card_no, 'name', m.name, 'maskedPhone', m.phone_masked,
            'joinedAt', m.joined_at,
            'points', json_build_object(
                'balance', coalesce(a.available, 0) - coalesce((
                    SELECT sum(l.remaining) FROM ledger_lot l
                     WHERE l.tenant_id = $1 AND l.account_id = a.id AND l.remaining > 0
                       AND (l.expires_at <= now() OR l.opens_at > now())), 0),
                'debt', coalesce(a.debt, 0)),
            'orders', json_build_object('edges', (
                SELECT coalesce(json_agg(json_build_object('node', json_build_object(
                           'no', o.external_no, 'state', upper(o.state),
                           'store', json_build_object('code', o.code, 'name', o.name),
                           'paidAt', o.placed_at,
                           'total', json_build_object('fen', o.total_fen,
                                                      'currency', o.currency)))
                           ORDER BY o.placed_at DESC, o.id DESC), '[]')
                  FROM (SELECT r.id, r.external_no, r.state, r.placed_at, r.total_fen,
                               r.currency, s.code, s.name
                          FROM orders r JOIN store s ON s.tenant_id = $1 AND s.id = r.store_id
                         WHERE r.tenant_id = $1 AND r.member_id = m.id
                         ORDER BY r.placed_at DESC, r.id DESC LIMIT 3) o))))
            ORDER BY m.nth) FILTER (WHERE m.nth <= 50), '[]'),
        'pageInfo', json_build_object('hasNextPage', count(*) > 50))
      FROM (SELECT id, card_no, name, phone_masked, joined_at,
                   row_number() OVER (ORDER BY joined_at DESC, id DESC) AS nth
              FROM member WHERE tenant_id = $1 AND state = 'active'{after}
             ORDER BY joined_at DESC, id DESC LIMIT 51) m
      LEFT JOIN ledger_account a
        ON a.tenant_id = $1 AND a.member_id = m.id AND a.asset = 'points')))::text
  FROM staff_token t JOIN staff f ON f.tenant_id = $1 AND f.id = t.staff_id AND f.state = 'active'
 WHERE t.tenant_id = $1 AND t.digest = $2 AND t.revoked_at IS NULL AND t.expires_at > now()
"""

FIRST_PAGE = _LIST.format(after="")
LATER_PAGE = _LIST.format(after=" AND (joined_at, id) < ($3, $4)")
