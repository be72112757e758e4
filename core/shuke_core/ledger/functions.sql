-- The writing verbs of the ledger. Put in place anew by every `shuke migrate`.
-- Functions over batches plan anew at each call: a plan that was kept from when the tables were empty
-- reads them from end to end, until statistics come (measured: 500 earnings took 7 s, not 0.1 s).
-- Every function that consumes lots locks the account first and reads after: as separate
-- statements, so that what it reads is what was committed before it got the lock.
-- Whoever moves points of a member holds the member's row until the commit. A merge and its undo lock
-- that row before they read anything: what is booked here comes before or after them, never between.

-- The account that acts for this one: its own, or that of who its member has been merged into.
CREATE OR REPLACE FUNCTION ledger_acting(p_tenant uuid, p_account uuid) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
    holder uuid;
    acting uuid;
BEGIN
    SELECT h.who INTO holder
      FROM ledger_account a CROSS JOIN LATERAL member_hold(p_tenant, ARRAY[a.member_id]) h
     WHERE a.tenant_id = p_tenant AND a.id = p_account;
    SELECT s.id INTO acting
      FROM ledger_account a JOIN ledger_account s
        ON s.tenant_id = p_tenant AND s.member_id = holder AND s.asset = a.asset
     WHERE a.tenant_id = p_tenant AND a.id = p_account;
    RETURN coalesce(acting, p_account);
END $$;

-- Whether the cause has acted on the account that was named, or on another one for it.
CREATE OR REPLACE FUNCTION ledger_knows(
    p_tenant uuid, p_named uuid, p_acting uuid, p_kind text, p_cause_type text, p_cause uuid
) RETURNS boolean
LANGUAGE sql AS $$
    SELECT EXISTS (SELECT FROM ledger_entry e
                    WHERE e.tenant_id = p_tenant AND e.cause_type = p_cause_type
                      AND e.cause_id = p_cause AND e.account_id IN (p_named, p_acting)
                      AND e.kind = p_kind)
        OR EXISTS (SELECT FROM ledger_entry e
                    WHERE e.tenant_id = p_tenant AND e.meant_for = p_named
                      AND e.cause_type = p_cause_type AND e.cause_id = p_cause
                      AND e.kind = p_kind)
$$;

-- As it was before points were of campaigns; who calls it so still finds the one below.
DROP FUNCTION IF EXISTS ledger_earn(uuid, text, uuid[], uuid[], uuid[], uuid[], bigint[], text, uuid[],
                                    uuid, timestamptz[], timestamptz[], timestamptz);

-- Books many earnings in one statement. Arrays run in parallel, one element an earning; an earning
-- whose cause is booked already is left out; what a merged member earns goes to who they are now.
-- Returns the entries that are new.
CREATE OR REPLACE FUNCTION ledger_earn(
    p_tenant uuid, p_asset text, p_entry uuid[], p_lot uuid[], p_account uuid[], p_member uuid[],
    p_amount bigint[], p_cause_type text, p_cause uuid[], p_rule uuid,
    p_happened_at timestamptz[], p_expires_at timestamptz[], p_now timestamptz,
    p_campaign uuid[] DEFAULT '{}'
) RETURNS TABLE (entry_id uuid, account_id uuid, cause_id uuid, amount bigint, in_debt boolean)
LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    acting uuid[];
BEGIN
    SELECT array_agg(coalesce(h.who, t.member) ORDER BY t.nth) INTO acting
      FROM unnest(p_member) WITH ORDINALITY AS t(member, nth)
      LEFT JOIN member_hold(p_tenant, p_member) h ON h.named = t.member;

    INSERT INTO ledger_account (tenant_id, id, member_id, asset, available, debt)
    SELECT p_tenant, min(t.account::text)::uuid, t.who, p_asset, 0, 0
      FROM unnest(p_account, acting) AS t(account, who)
     GROUP BY t.who ORDER BY t.who
        ON CONFLICT (tenant_id, member_id, asset) DO NOTHING;
    IF acting <> p_member THEN  -- an account of their own as well, to be named by what is booked
        INSERT INTO ledger_account (tenant_id, id, member_id, asset, available, debt)
        SELECT DISTINCT ON (t.member) p_tenant, gen_random_uuid(), t.member, p_asset, 0, 0
          FROM unnest(p_member, acting) AS t(member, who) WHERE t.member <> t.who
         ORDER BY t.member
            ON CONFLICT (tenant_id, member_id, asset) DO NOTHING;
    END IF;

    RETURN QUERY
    WITH earning AS (
        SELECT t.*, a.id AS account_id, n.id AS named
          FROM unnest(p_entry, p_lot, p_member, acting, p_amount, p_cause, p_happened_at,
                      p_expires_at, p_campaign)
            AS t(entry, lot, member, who, amount, cause, happened_at, expires_at, campaign)
          JOIN ledger_account a
            ON a.tenant_id = p_tenant AND a.member_id = t.who AND a.asset = p_asset
          JOIN ledger_account n
            ON n.tenant_id = p_tenant AND n.member_id = t.member AND n.asset = p_asset
    ), booked AS (
        INSERT INTO ledger_entry (tenant_id, id, account_id, kind, amount, debt_change,
                                  cause_type, cause_id, rule_id, campaign_id, meant_for,
                                  happened_at, recorded_at)
        SELECT p_tenant, e.entry, e.account_id, 'earn', e.amount, 0,
               p_cause_type, e.cause, p_rule, e.campaign, nullif(e.named, e.account_id),
               e.happened_at, p_now
          FROM earning e
         WHERE NOT EXISTS (SELECT FROM ledger_entry k
                            WHERE k.tenant_id = p_tenant AND k.meant_for = e.named
                              AND k.cause_type = p_cause_type AND k.cause_id = e.cause
                              AND k.kind = 'earn')
           AND (e.named = e.account_id
                OR NOT EXISTS (SELECT FROM ledger_entry k
                                WHERE k.tenant_id = p_tenant AND k.cause_type = p_cause_type
                                  AND k.cause_id = e.cause AND k.account_id = e.named
                                  AND k.kind = 'earn'))
         ORDER BY e.cause
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
-- `p_first_entry` and what became of them in merges first, then soonest expiry. The caller holds the account's lock. Returns what
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
                   ORDER BY (entry_id = p_first_entry OR origin_lot_id IN (
                                SELECT first.id FROM ledger_lot first
                                 WHERE first.tenant_id = p_tenant
                                   AND first.entry_id = p_first_entry)) IS TRUE DESC,
                            expires_at NULLS LAST, coalesce(origin_lot_id, id)
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
    named uuid := p_account;
BEGIN
    p_account := ledger_acting(p_tenant, named);
    -- lock first
    PERFORM 1 FROM ledger_account a WHERE a.tenant_id = p_tenant AND a.id = p_account FOR UPDATE;
    -- read after
    SELECT coalesce(sum(l.remaining), 0) INTO usable FROM ledger_lot l
     WHERE l.tenant_id = p_tenant AND l.account_id = p_account AND l.remaining > 0
       AND (l.expires_at IS NULL OR l.expires_at > p_now) AND l.opens_at <= p_now;
    IF ledger_knows(p_tenant, named, p_account, 'spend', p_cause_type, p_cause) THEN
        RETURN QUERY SELECT 'known', usable;
        RETURN;
    END IF;
    IF usable < p_amount THEN
        RETURN QUERY SELECT 'insufficient', usable;
        RETURN;
    END IF;
    INSERT INTO ledger_entry (tenant_id, id, account_id, kind, amount, debt_change,
                              cause_type, cause_id, meant_for, happened_at, recorded_at)
    VALUES (p_tenant, p_entry, p_account, 'spend', -p_amount, 0,
            p_cause_type, p_cause, nullif(named, p_account), p_now, p_now);
    PERFORM ledger_take_from_lots(p_tenant, p_account, p_entry, p_amount, NULL, p_now);
    UPDATE ledger_account a SET available = a.available - p_amount
     WHERE a.tenant_id = p_tenant AND a.id = p_account;
    RETURN QUERY SELECT 'done', usable - p_amount;
END $$;

-- Takes back what a cause has earned, wherever merges have taken it: its own lots first, then others by soonest expiry, and what
-- the lots do not hold becomes a debt that the next earning settles. Returns whether it was new.
CREATE OR REPLACE FUNCTION ledger_claw_back(
    p_tenant uuid, p_account uuid, p_entry uuid, p_amount bigint, p_first_entry uuid,
    p_cause_type text, p_cause uuid, p_rule uuid, p_happened_at timestamptz, p_now timestamptz
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    held bigint;
    from_lots bigint;
    named uuid := p_account;
BEGIN
    p_account := ledger_acting(p_tenant, named);
    PERFORM 1 FROM ledger_account WHERE tenant_id = p_tenant AND id = p_account FOR UPDATE;
    IF ledger_knows(p_tenant, named, p_account, 'claw_back', p_cause_type, p_cause) THEN
        RETURN false;
    END IF;
    SELECT coalesce(sum(remaining), 0) INTO held FROM ledger_lot
     WHERE tenant_id = p_tenant AND account_id = p_account AND remaining > 0;
    from_lots := least(held, p_amount);
    INSERT INTO ledger_entry (tenant_id, id, account_id, kind, amount, debt_change,
                              cause_type, cause_id, rule_id, campaign_id, meant_for, happened_at,
                              recorded_at)
    VALUES (p_tenant, p_entry, p_account, 'claw_back', -p_amount, p_amount - from_lots,
            p_cause_type, p_cause, p_rule,
            (SELECT campaign_id FROM ledger_entry WHERE tenant_id = p_tenant AND id = p_first_entry),
            nullif(named, p_account), p_happened_at, p_now);
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

-- Moves points and debt between two accounts, as two entries that sum up to nothing. All of the lots,
-- or those that began in `p_origins`; all of the debt, or at most `p_most_debt`. What moves opens
-- successors over there, which lapse when it would have lapsed. The caller holds both members.
CREATE OR REPLACE FUNCTION ledger_move(
    p_tenant uuid, p_from uuid, p_into uuid, p_cause_type text, p_cause uuid,
    p_origins uuid[], p_most_debt bigint, p_now timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    points bigint;
    owed bigint;
    gone uuid := gen_random_uuid();
    come uuid := gen_random_uuid();
BEGIN
    PERFORM 1 FROM ledger_account
      WHERE tenant_id = p_tenant AND id IN (p_from, p_into) ORDER BY id FOR UPDATE;
    SELECT coalesce(sum(remaining), 0) INTO points FROM ledger_lot
     WHERE tenant_id = p_tenant AND account_id = p_from AND remaining > 0
       AND (p_origins IS NULL OR coalesce(origin_lot_id, id) = ANY (p_origins));
    SELECT least(debt, coalesce(p_most_debt, debt)) INTO owed FROM ledger_account
     WHERE tenant_id = p_tenant AND id = p_from;
    INSERT INTO ledger_entry (tenant_id, id, account_id, kind, amount, debt_change,
                              cause_type, cause_id, happened_at, recorded_at)
    VALUES (p_tenant, gone, p_from, 'merge_out', owed - points, -owed,
            p_cause_type, p_cause, p_now, p_now),
           (p_tenant, come, p_into, 'merge_in', points - owed, owed,
            p_cause_type, p_cause, p_now, p_now);
    WITH moving AS (
        SELECT id, remaining, opens_at, expires_at, coalesce(origin_lot_id, id) AS origin
          FROM ledger_lot
         WHERE tenant_id = p_tenant AND account_id = p_from AND remaining > 0
           AND (p_origins IS NULL OR coalesce(origin_lot_id, id) = ANY (p_origins))
    ), emptied AS (
        UPDATE ledger_lot l SET remaining = 0 FROM moving m
         WHERE l.tenant_id = p_tenant AND l.id = m.id
    ), allocated AS (
        INSERT INTO ledger_allocation (tenant_id, id, entry_id, lot_id, amount)
        SELECT p_tenant, gen_random_uuid(), gone, id, remaining FROM moving
    )
    INSERT INTO ledger_lot (tenant_id, id, account_id, entry_id, amount, remaining,
                            opens_at, expires_at, origin_lot_id)
    SELECT p_tenant, gen_random_uuid(), p_into, come, remaining, remaining,
           opens_at, expires_at, origin
      FROM moving;
    UPDATE ledger_account a
       SET available = a.available + CASE a.id WHEN p_into THEN points ELSE -points END,
           debt = a.debt + CASE a.id WHEN p_into THEN owed ELSE -owed END
     WHERE a.tenant_id = p_tenant AND a.id IN (p_from, p_into);
END $$;

-- All that the absorbed member holds becomes the survivor's, asset by asset; what comes together of
-- points and debt settles. The caller has locked both members.
CREATE OR REPLACE FUNCTION ledger_merge(
    p_tenant uuid, p_merge uuid, p_survivor uuid, p_absorbed uuid, p_now timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    leaving record;
    into_account uuid;
BEGIN
    FOR leaving IN SELECT id, asset FROM ledger_account
                    WHERE tenant_id = p_tenant AND member_id = p_absorbed ORDER BY id
    LOOP
        INSERT INTO ledger_account (tenant_id, id, member_id, asset, available, debt)
        VALUES (p_tenant, gen_random_uuid(), p_survivor, leaving.asset, 0, 0)
            ON CONFLICT (tenant_id, member_id, asset) DO NOTHING;
        SELECT id INTO into_account FROM ledger_account
         WHERE tenant_id = p_tenant AND member_id = p_survivor AND asset = leaving.asset;
        PERFORM ledger_move(p_tenant, leaving.id, into_account, 'merge', p_merge,
                            NULL, NULL, p_now);
        PERFORM ledger_settle_debt(p_tenant, into_account, gen_random_uuid(),
                                   'merge', p_merge, p_now);
    END LOOP;
END $$;

-- Takes a settlement back: the debt stands again, and the lots that paid it have successors.
CREATE OR REPLACE FUNCTION ledger_unsettle(
    p_tenant uuid, p_account uuid, p_settled uuid, p_cause_type text, p_cause uuid, p_now timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    paid bigint;
    entry uuid := gen_random_uuid();
BEGIN
    SELECT -debt_change INTO paid FROM ledger_entry
     WHERE tenant_id = p_tenant AND id = p_settled;
    INSERT INTO ledger_entry (tenant_id, id, account_id, kind, amount, debt_change,
                              cause_type, cause_id, happened_at, recorded_at)
    VALUES (p_tenant, entry, p_account, 'unsettle', 0, paid, p_cause_type, p_cause, p_now, p_now);
    INSERT INTO ledger_lot (tenant_id, id, account_id, entry_id, amount, remaining,
                            opens_at, expires_at, origin_lot_id)
    SELECT p_tenant, gen_random_uuid(), p_account, entry, o.amount, o.amount,
           l.opens_at, l.expires_at, coalesce(l.origin_lot_id, l.id)
      FROM ledger_allocation o JOIN ledger_lot l ON l.tenant_id = p_tenant AND l.id = o.lot_id
     WHERE o.tenant_id = p_tenant AND o.entry_id = p_settled;
    UPDATE ledger_account SET available = available + paid, debt = debt + paid
     WHERE tenant_id = p_tenant AND id = p_account;
END $$;

-- Gives back what is left of what the absorbed member brought: points that began with them, and of
-- the debt at most what came. What was settled between the two in the merge is taken back before, and
-- what each then owes is paid from their own. The caller has locked both members.
CREATE OR REPLACE FUNCTION ledger_unmerge(
    p_tenant uuid, p_merge uuid, p_survivor uuid, p_absorbed uuid, p_now timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    went record;
    settled uuid;
    origins uuid[];
BEGIN
    FOR went IN
        SELECT o.id AS entry, o.account_id AS absorbed, s.id AS survivor, -o.debt_change AS debt
          FROM ledger_entry o
          JOIN ledger_account a ON a.tenant_id = p_tenant AND a.id = o.account_id
                               AND a.member_id = p_absorbed
          JOIN ledger_account s ON s.tenant_id = p_tenant AND s.member_id = p_survivor
                               AND s.asset = a.asset
         WHERE o.tenant_id = p_tenant AND o.cause_type = 'merge' AND o.cause_id = p_merge
           AND o.kind = 'merge_out'
         ORDER BY o.account_id
    LOOP
        PERFORM 1 FROM ledger_account WHERE tenant_id = p_tenant
            AND id IN (went.absorbed, went.survivor) ORDER BY id FOR UPDATE;
        SELECT id INTO settled FROM ledger_entry
         WHERE tenant_id = p_tenant AND cause_type = 'merge' AND cause_id = p_merge
           AND account_id = went.survivor AND kind = 'settle';
        IF settled IS NOT NULL THEN
            PERFORM ledger_unsettle(p_tenant, went.survivor, settled, 'unmerge', p_merge, p_now);
        END IF;
        SELECT coalesce(array_agg(DISTINCT coalesce(l.origin_lot_id, l.id)), '{}') INTO origins
          FROM ledger_allocation o JOIN ledger_lot l ON l.tenant_id = p_tenant AND l.id = o.lot_id
         WHERE o.tenant_id = p_tenant AND o.entry_id = went.entry;
        PERFORM ledger_move(p_tenant, went.survivor, went.absorbed, 'unmerge', p_merge,
                            origins, went.debt, p_now);
        PERFORM ledger_settle_debt(p_tenant, went.survivor, gen_random_uuid(),
                                   'unmerge', p_merge, p_now);
    END LOOP;
END $$;
