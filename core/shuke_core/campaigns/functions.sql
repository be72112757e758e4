-- The one trip in which a member takes part in a campaign. Put in place anew by every `shuke migrate`.

-- Locks the campaign first, and reads after: so what is used of it never passes its bounds, and whoever
-- pauses it finds nobody joining afterwards. The caller holds the member. `outcome`:
-- 'new'      took part, for the `nth` time, and is owed `points`: of the row `reward`, which is rewarded
--            for the `reward_nth` time
-- 'known'    has taken part as often as one may; nothing happened
-- 'unknown', 'closed' (does not run now), 'full' (nothing is left)
-- 'changed'  its audience or its reward is another one than the caller has looked at
CREATE OR REPLACE FUNCTION campaign_join(
    p_tenant uuid, p_campaign uuid, p_member uuid, p_audience uuid, p_reward bigint, p_now timestamptz
) RETURNS TABLE (outcome text, nth integer, points bigint, reward uuid, reward_nth integer)
LANGUAGE plpgsql AS $$
DECLARE
    c record;
    taken integer;
BEGIN
    -- lock first
    SELECT s.state, s.starts_at, s.ends_at, s.audience_id, s.places, s.budget_points,
           s.reward_points, s.per_member, s.joined, s.spent_points INTO c
      FROM campaign s WHERE s.tenant_id = p_tenant AND s.id = p_campaign FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 'unknown', 0, 0::bigint, NULL::uuid, 0;
        RETURN;
    END IF;
    IF c.state <> 'approved' OR p_now < c.starts_at OR p_now >= c.ends_at THEN
        RETURN QUERY SELECT 'closed', 0, 0::bigint, NULL::uuid, 0;
        RETURN;
    END IF;
    IF c.audience_id IS DISTINCT FROM p_audience OR c.reward_points <> p_reward THEN
        RETURN QUERY SELECT 'changed', 0, 0::bigint, NULL::uuid, 0;
        RETURN;
    END IF;
    -- read after; what those did who were merged into the member counts as theirs
    SELECT coalesce(sum(p.times), 0) INTO taken FROM campaign_participation p
     WHERE p.tenant_id = p_tenant AND p.campaign_id = p_campaign AND p.kind = 'joined'
       AND p.member_id IN (SELECT p_member UNION ALL
                           SELECT a.id FROM member a
                            WHERE a.tenant_id = p_tenant AND a.merged_into_id = p_member);
    IF taken >= c.per_member THEN
        RETURN QUERY SELECT 'known', taken, 0::bigint, NULL::uuid, 0;
        RETURN;
    END IF;
    IF c.joined >= c.places OR c.spent_points + c.reward_points > c.budget_points THEN
        RETURN QUERY SELECT 'full', taken, 0::bigint, NULL::uuid, 0;
        RETURN;
    END IF;
    UPDATE campaign s
       SET joined = s.joined + 1, spent_points = s.spent_points + c.reward_points
     WHERE s.tenant_id = p_tenant AND s.id = p_campaign;
    RETURN QUERY WITH done AS (
        INSERT INTO campaign_participation AS p (tenant_id, id, campaign_id, member_id, kind, times,
                                                 points, first_at, last_at)
        SELECT p_tenant, gen_random_uuid(), p_campaign, p_member, k.kind, 1,
               CASE k.kind WHEN 'rewarded' THEN c.reward_points ELSE 0 END, p_now, p_now
          FROM unnest(ARRAY['joined', 'rewarded', 'seen']) AS k(kind)
         WHERE k.kind <> 'rewarded' OR c.reward_points > 0
         ORDER BY k.kind
            ON CONFLICT (tenant_id, member_id, campaign_id, kind) DO UPDATE
           SET times = p.times + 1, points = p.points + excluded.points, last_at = excluded.last_at
         WHERE p.kind <> 'seen'  -- whoever joins has seen it, and is not counted again
        RETURNING p.id, p.kind, p.times
    )
    SELECT 'new', taken + 1, c.reward_points, d.id, coalesce(d.times, 0)
      FROM (SELECT 1) one LEFT JOIN done d ON d.kind = 'rewarded';
END $$;
