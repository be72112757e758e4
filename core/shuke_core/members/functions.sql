-- Who members are now. Put in place anew by every `shuke migrate`.

-- Holds these members, and whoever they have been merged into, until the commit: nobody merges them,
-- undoes it or erases them meanwhile. Holders do not wait for each other. Answers who each is now.
-- Locks first, and reads after.
CREATE OR REPLACE FUNCTION member_hold(p_tenant uuid, p_members uuid[])
RETURNS TABLE (named uuid, who uuid)
LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    v_held uuid[];
BEGIN
    LOOP  -- once more where somebody became another while they were waited for
        SELECT array_agg(held.id) INTO v_held FROM (
            SELECT m.id FROM member m
             WHERE m.tenant_id = p_tenant
               AND m.id IN (SELECT unnest(p_members)
                            UNION
                            SELECT a.merged_into_id FROM member a
                             WHERE a.tenant_id = p_tenant AND a.id = ANY (p_members))
             ORDER BY m.id FOR KEY SHARE) held;
        EXIT WHEN NOT EXISTS (
            SELECT FROM member m
             WHERE m.tenant_id = p_tenant AND m.id = ANY (p_members)
               AND m.merged_into_id <> ALL (v_held));
    END LOOP;
    RETURN QUERY
    SELECT m.id, coalesce(m.merged_into_id, m.id) FROM member m
     WHERE m.tenant_id = p_tenant AND m.id = ANY (p_members);
END $$;
