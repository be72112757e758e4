-- The writing verbs of the ledger. Put in place anew by every `shuke migrate`.
-- Functions over batches plan anew at each call: a plan that was kept from when the tables were empty
-- reads them from end to end, until statistics come (measured: 500 earnings took 7 s, not 0.1 s).
-- Every function that consumes lots locks the account first and reads after: as separate
-- statements, so that what it reads is what was committed before it got the lock.

-- Books many earnings in one statement. Arrays run in parallel, one element an earning; an earning
-- whose cause is booked already is left out. Returns the entries that are new.
CREATE OR REPLACE FUNCTION ledger_earn(
    p_tenant uuid, p_asset text, p_entry uuid[], p_lot uuid[], p_account uuid[], p_member uuid[],
    p_amount bigint[], p_cause_type text, p_cause uuid[], p_rule uuid,
    p_happened_at timestamptz[], p_expires_at timestamptz[], p_now timestamptz
) RETURNS TABLE (entry_id uuid, account_id uuid, cause_id uuid, amount bigint, in_debt boolean)
LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO ledger_account (tenant_id, id, member_id, asset, available, debt)
    SELECT p_tenant, min(t.account::text)::uuid, t.member, p_asset, 0, 0
      FROM unnest(p_account, p_member) AS t(account, member)
     GROUP BY t.member ORDER BY t.member
        ON CONFLICT (tenant_id, member_id, asset) DO NOTHING;

    RETURN QUERY
    WITH earning AS (
        SELECT t.*, a.id AS account_id
          FROM unnest(p_entry, p_lot, p_member, p_amount, p_cause, p_happened_at, p_expires_at)
            AS t(entry, lot, member, amount, cause, happened_at, expires_at)
          JOIN ledger_account a
            ON a.tenant_id = p_tenant AND a.member_id = t.member AND a.asset = p_asset
    ), booked AS (
        INSERT INTO ledger_entry (tenant_id, id, account_id, kind, amount, debt_change,
                                  cause_type, cause_id, rule_id, happened_at, recorded_at)
        SELECT p_tenant, e.entry, e.account_id, 'earn', e.amount, 0,
               p_cause_type, e.cause, p_rule, e.happened_at, p_now
          FROM earning e ORDER BY e.cause
            ON CONFLICT (tenant_id, cause_type, cause_id, account_id, kind) DO NOTHING
        RETURNING id, account_id, cause_id, amount
    ), opened AS (
        INSERT INTO ledger_lot (tenant_id, id, account_id, entry_id, amount, remaining,
                                opens_at, expires_at)
        SELECT p_tenant, e.lot, e.account_id, e.entry, e.amount, e.amount,
               e.happened_at, e.expires_at
          FROM earning e JOIN booked b ON b.id = e.entry
         WHERE e.amount > 0
    ), locked AS (  -- in id order, so that two batches never wait for each other crosswise
        SELECT a.id FROM ledger_account a
         WHERE a.tenant_id = p_tenant AND a.id IN (SELECT b.account_id FROM booked b)
         ORDER BY a.id FOR UPDATE
    ), raised AS (
        UPDATE ledger_account a SET available = a.available + s.total
          FROM (SELECT b.account_id, sum(b.amount) AS total FROM booked b GROUP BY b.account_id) s
          JOIN locked l ON l.id = s.account_id
         WHERE a.tenant_id = p_tenant AND a.id = s.account_id
        RETURNING a.id, a.debt
    )
    SELECT b.id, b.account_id, b.cause_id, b.amount, r.debt > 0
      FROM booked b JOIN raised r ON r.id = b.account_id;
END $$;

-- Takes `p_amount` from the account's lots for an entry that is there already, the lots of
-- `p_first_entry` first, then soonest expiry. The caller holds the account's lock. Returns what
-- was taken, which is less than asked when the lots do not hold it.
CREATE OR REPLACE FUNCTION ledger_take_from_lots(
    p_tenant uuid, p_account uuid, p_entry uuid, p_amount bigint,
    p_first_entry uuid, p_usable_at timestamptz
) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    taken bigint;
BEGIN
    WITH usable AS (
        SELECT id, remaining,
               sum(remaining) OVER (
                   ORDER BY (entry_id = p_first_entry) DESC NULLS LAST, expires_at NULLS LAST, id
               ) AS upto
          FROM ledger_lot
         WHERE tenant_id = p_tenant AND account_id = p_account AND remaining > 0
           AND (p_usable_at IS NULL OR ((expires_at IS NULL OR expires_at > p_usable_at)
                                        AND opens_at <= p_usable_at))
    ), chosen AS (
        SELECT id, least(remaining, p_amount - (upto - remaining))::bigint AS part
          FROM usable WHERE upto - remaining < p_amount
    ), lowered AS (
        UPDATE ledger_lot l SET remaining = l.remaining - c.part
          FROM chosen c WHERE l.tenant_id = p_tenant AND l.id = c.id
        RETURNING l.id, c.part
    ), allocated AS (
        INSERT INTO ledger_allocation (tenant_id, id, entry_id, lot_id, amount)
        SELECT p_tenant, gen_random_uuid(), p_entry, id, part FROM lowered
        RETURNING amount
    )
    SELECT coalesce(sum(amount), 0) INTO taken FROM allocated;
    RETURN taken;
END $$;

-- Spends points, soonest expiry first. `outcome` is 'done', 'known' (the cause was spent before:
-- nothing happened again) or 'insufficient' (nothing happened; `available` says what is there).
CREATE OR REPLACE FUNCTION ledger_spend(
    p_tenant uuid, p_account uuid, p_entry uuid, p_amount bigint,
    p_cause_type text, p_cause uuid, p_now timestamptz
) RETURNS TABLE (outcome text, available bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    usable bigint;
BEGIN
    -- lock first
    PERFORM 1 FROM ledger_account a WHERE a.tenant_id = p_tenant AND a.id = p_account FOR UPDATE;
    -- read after
    SELECT coalesce(sum(l.remaining), 0) INTO usable FROM ledger_lot l
     WHERE l.tenant_id = p_tenant AND l.account_id = p_account AND l.remaining > 0
       AND (l.expires_at IS NULL OR l.expires_at > p_now) AND l.opens_at <= p_now;
    IF EXISTS (SELECT 1 FROM ledger_entry e
                WHERE e.tenant_id = p_tenant AND e.cause_type = p_cause_type
                  AND e.cause_id = p_cause AND e.account_id = p_account AND e.kind = 'spend') THEN
        RETURN QUERY SELECT 'known', usable;
        RETURN;
    END IF;
    IF usable < p_amount THEN
        RETURN QUERY SELECT 'insufficient', usable;
        RETURN;
    END IF;
    INSERT INTO ledger_entry (tenant_id, id, account_id, kind, amount, debt_change,
                              cause_type, cause_id, happened_at, recorded_at)
    VALUES (p_tenant, p_entry, p_account, 'spend', -p_amount, 0,
            p_cause_type, p_cause, p_now, p_now);
    PERFORM ledger_take_from_lots(p_tenant, p_account, p_entry, p_amount, NULL, p_now);
    UPDATE ledger_account a SET available = a.available - p_amount
     WHERE a.tenant_id = p_tenant AND a.id = p_account;
    RETURN QUERY SELECT 'done', usable - p_amount;
END $$;

-- Takes back what a cause has earned: its own lots first, then others by soonest expiry, and what
-- the lots do not hold becomes a debt that the next earning settles. Returns whether it was new.
CREATE OR REPLACE FUNCTION ledger_claw_back(
    p_tenant uuid, p_account uuid, p_entry uuid, p_amount bigint, p_first_entry uuid,
    p_cause_type text, p_cause uuid, p_rule uuid, p_happened_at timestamptz, p_now timestamptz
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    held bigint;
    from_lots bigint;
BEGIN
    PERFORM 1 FROM ledger_account WHERE tenant_id = p_tenant AND id = p_account FOR UPDATE;
    IF EXISTS (SELECT 1 FROM ledger_entry
                WHERE tenant_id = p_tenant AND cause_type = p_cause_type AND cause_id = p_cause
                  AND account_id = p_account AND kind = 'claw_back') THEN
        RETURN false;
    END IF;
    SELECT coalesce(sum(remaining), 0) INTO held FROM ledger_lot
     WHERE tenant_id = p_tenant AND account_id = p_account AND remaining > 0;
    from_lots := least(held, p_amount);
    INSERT INTO ledger_entry (tenant_id, id, account_id, kind, amount, debt_change,
                              cause_type, cause_id, rule_id, happened_at, recorded_at)
    VALUES (p_tenant, p_entry, p_account, 'claw_back', -p_amount, p_amount - from_lots,
            p_cause_type, p_cause, p_rule, p_happened_at, p_now);
    IF from_lots > 0 THEN
        PERFORM ledger_take_from_lots(p_tenant, p_account, p_entry, from_lots, p_first_entry, NULL);
    END IF;
    UPDATE ledger_account
       SET available = available - from_lots, debt = debt + p_amount - from_lots
     WHERE tenant_id = p_tenant AND id = p_account;
    RETURN true;
END $$;

-- Pays the debt of an account from its lots, as far as they reach. The cause is what brought the
-- lots in. Returns what was paid.
CREATE OR REPLACE FUNCTION ledger_settle_debt(
    p_tenant uuid, p_account uuid, p_entry uuid, p_cause_type text, p_cause uuid, p_now timestamptz
) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    owed bigint;
    held bigint;
    paid bigint;
BEGIN
    SELECT debt INTO owed FROM ledger_account
     WHERE tenant_id = p_tenant AND id = p_account FOR UPDATE;
    SELECT coalesce(sum(remaining), 0) INTO held FROM ledger_lot
     WHERE tenant_id = p_tenant AND account_id = p_account AND remaining > 0;
    paid := least(owed, held);
    IF paid = 0 THEN
        RETURN 0;
    END IF;
    INSERT INTO ledger_entry (tenant_id, id, account_id, kind, amount, debt_change,
                              cause_type, cause_id, happened_at, recorded_at)
    VALUES (p_tenant, p_entry, p_account, 'settle', 0, -paid,
            p_cause_type, p_cause, p_now, p_now);
    PERFORM ledger_take_from_lots(p_tenant, p_account, p_entry, paid, NULL, NULL);
    UPDATE ledger_account SET available = available - paid, debt = debt - paid
     WHERE tenant_id = p_tenant AND id = p_account;
    RETURN paid;
END $$;

-- Lets lots lapse whose time has passed, for up to `p_limit` accounts, one entry an account.
-- `p_cause` names the run. Returns how many accounts were touched and how many points lapsed.
CREATE OR REPLACE FUNCTION ledger_expire(
    p_tenant uuid, p_cause uuid, p_now timestamptz, p_limit integer
) RETURNS TABLE (accounts bigint, points bigint)
LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    due uuid[];
BEGIN
    SELECT array_agg(d.account_id ORDER BY d.account_id) INTO due FROM (
        SELECT DISTINCT account_id FROM ledger_lot
         WHERE tenant_id = p_tenant AND remaining > 0 AND expires_at <= p_now LIMIT p_limit
    ) d;
    PERFORM 1 FROM ledger_account
      WHERE tenant_id = p_tenant AND id = ANY (due) ORDER BY id FOR UPDATE;
    RETURN QUERY
    WITH lapsed AS (
        SELECT id, account_id, remaining FROM ledger_lot
         WHERE tenant_id = p_tenant AND account_id = ANY (due)
           AND remaining > 0 AND expires_at <= p_now
    ), booked AS (
        INSERT INTO ledger_entry (tenant_id, id, account_id, kind, amount, debt_change,
                                  cause_type, cause_id, happened_at, recorded_at)
        SELECT p_tenant, gen_random_uuid(), account_id, 'expire', -sum(remaining), 0,
               'expiry', p_cause, p_now, p_now
          FROM lapsed GROUP BY account_id
        RETURNING id, account_id, amount
    ), allocated AS (
        INSERT INTO ledger_allocation (tenant_id, id, entry_id, lot_id, amount)
        SELECT p_tenant, gen_random_uuid(), b.id, l.id, l.remaining
          FROM lapsed l JOIN booked b ON b.account_id = l.account_id
    ), emptied AS (
        UPDATE ledger_lot o SET remaining = 0 FROM lapsed l
         WHERE o.tenant_id = p_tenant AND o.id = l.id
    ), lowered AS (
        UPDATE ledger_account a SET available = a.available + b.amount FROM booked b
         WHERE a.tenant_id = p_tenant AND a.id = b.account_id
        RETURNING b.amount
    )
    SELECT count(*), coalesce(-sum(amount), 0)::bigint FROM lowered;
END $$;
