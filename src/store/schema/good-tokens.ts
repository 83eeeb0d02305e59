// A step of the schema: the good tokens of somebody, whatever many have ended.

export const goodTokensSchema = `
create index api_token_good on api_token (principal, expires_at) where revoked_at is null;
`
