"""The functions that row security, append-only tables and state columns call; created before any table."""

FUNCTIONS = """
CREATE FUNCTION elinkages_require_msp() RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
DECLARE setting text := current_setting('elinkages.msp_id', true);
BEGIN
    IF setting IS NULL OR setting = '' THEN
        RAISE EXCEPTION 'no MSP is set for this transaction' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN setting::uuid;
END $$;

CREATE FUNCTION elinkages_require_partner() RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
DECLARE setting text := current_setting('elinkages.partner_id', true);
BEGIN
    IF setting IS NULL OR setting = '' THEN
        RAISE EXCEPTION 'no partner is set for this transaction' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN setting::uuid;
END $$;

CREATE FUNCTION elinkages_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the table is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION elinkages_refuse_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % cannot go from % to %', TG_ARGV[0], TG_TABLE_NAME,
        CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ->> TG_ARGV[0] ELSE 'nothing' END,
        to_jsonb(NEW) ->> TG_ARGV[0] USING ERRCODE = 'check_violation';
END $$;
"""

REMOVE_FUNCTIONS = """
DROP FUNCTION elinkages_refuse_transition();
DROP FUNCTION elinkages_refuse_change();
DROP FUNCTION elinkages_require_partner();
DROP FUNCTION elinkages_require_msp();
"""
