// A real OpenID provider (oidc-provider, certified by the OpenID Foundation) on a free loopback port.
// It prints one line, {"issuer": "http://127.0.0.1:PORT"}, and runs until its standard input ends.
// Who signs in is said in its form: the claims, and by `twist` how the ID token is then spoilt.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { SignJWT, UnsecuredJWT, decodeJwt, exportJWK, exportSPKI, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

const env = process.env;
const algorithm = env.OIDC_ALGORITHM ?? 'RS256';
const accounts = new Map();
const twists = new Map();

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;
const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
const stranger = await generateKeyPair(algorithm, { extractable: true });
const jwk = { ...(await exportJWK(privateKey)), kid: 'one', use: 'sig', alg: algorithm };

const provider = new Provider(issuer, {
  clients: [{
    client_id: env.OIDC_CLIENT_ID ?? 'runwatch',
    ...(env.OIDC_CLIENT_SECRET
      ? { client_secret: env.OIDC_CLIENT_SECRET, token_endpoint_auth_method: env.OIDC_AUTH_METHOD ?? 'client_secret_basic' }
      : { token_endpoint_auth_method: 'none' }),
    // A loopback address of a native client is taken with any port (RFC 8252 section 7.3).
    application_type: 'native',
    redirect_uris: [env.OIDC_REDIRECT_URI ?? 'http://127.0.0.1/v1/auth/oidc/callback'],
    response_types: ['code'],
    grant_types: ['authorization_code'],
    id_token_signed_response_alg: algorithm,
  }],
  jwks: { keys: [jwk] },
  cookies: { keys: ['only for tests'] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  // As the standard has it, claims are told by the UserInfo endpoint only; many providers tell more.
  conformIdTokenClaims: env.OIDC_CLAIMS_IN === 'userinfo',
  scopes: ['openid', 'email', 'profile'],
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: false } },
  enabledJWA: { idTokenSigningAlgValues: [algorithm] },
  interactions: { url: (_, interaction) => `/sign-in/${interaction.uid}` },
  ttl: { AccessToken: 60, AuthorizationCode: 60, IdToken: 60, Interaction: 600, Session: 600, Grant: 600 },
  findAccount: (_, sub) => accounts.has(sub) && { accountId: sub, claims: () => accounts.get(sub) },
  async loadExistingGrant({ oidc }) { // Nobody is asked to consent.
    const grant = new provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope('openid email profile');
    await grant.save();
    return grant;
  },
});

const octets = (text) => new TextEncoder().encode(text);
const now = () => Math.floor(Date.now() / 1000);
const sign = (claims, header = {}, key = privateKey) =>
  new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid: 'one', ...header }).sign(key);
const published = [];
const spoil = {
  nonce: (claims) => sign({ ...claims, nonce: 'another' }),
  no_nonce: ({ nonce, ...claims }) => sign(claims),
  issuer: (claims) => sign({ ...claims, iss: `${issuer}/another` }),
  audience: (claims) => sign({ ...claims, aud: 'another' }),
  audiences: (claims) => sign({ ...claims, aud: [claims.aud, 'another'], azp: 'another' }),
  expired: (claims) => sign({ ...claims, iat: now() - 7200, exp: now() - 3600 }),
  no_exp: ({ exp, ...claims }) => sign(claims),
  future: (claims) => sign({ ...claims, iat: now() + 3600, exp: now() + 7200 }),
  no_sub: ({ sub, ...claims }) => sign(claims),
  another_key: (claims) => sign(claims, {}, stranger.privateKey),
  unknown_kid: (claims) => sign(claims, { kid: 'two' }, stranger.privateKey),
  unsigned: (claims) => new UnsecuredJWT(claims).encode(),
  hs256: async (claims) => sign(claims, { alg: 'HS256' }, octets(await exportSPKI(publicKey))),
  hs256_secret: (claims) => sign(claims, { alg: 'HS256' }, octets(env.OIDC_CLIENT_SECRET)),
  truncated: async (claims) => (await sign(claims)).slice(0, -8),
  rotated: async (claims) => { // Signed with a key that is published from now on.
    const next = await generateKeyPair(algorithm, { extractable: true });
    published.push({ ...(await exportJWK(next.publicKey)), kid: 'next', use: 'sig', alg: algorithm });
    return sign(claims, { kid: 'next' }, next.privateKey);
  },
  huge: async (claims) => sign({ ...claims, padding: 'x'.repeat(4 << 20) }),
};
provider.use(async (ctx, next) => {
  await next();
  if (ctx.oidc?.route === 'token' && ctx.body?.id_token) {
    const claims = decodeJwt(ctx.body.id_token);
    const twist = twists.get(claims.sub);
    if (twist === 'no_id_token') delete ctx.body.id_token;
    else if (spoil[twist]) ctx.body.id_token = await spoil[twist](claims);
  }
  if (ctx.oidc?.route === 'jwks') ctx.body = { keys: [...ctx.body.keys, ...published] };
  if (ctx.oidc?.route === 'userinfo' && twists.get(ctx.body?.sub) === 'userinfo_sub') ctx.body.sub = 'another';
});

// What says that it is a provider and is not a good one, each at an issuer of its own.
const discovery = async () => (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
const answer = (res, body) => res.setHeader('content-type', 'application/json').end(JSON.stringify(body));
const bad = {
  liar: async (res) => answer(res, await discovery()), // It names another issuer.
  elsewhere: async (res) => answer(res, { ...(await discovery()), issuer: `${issuer}/elsewhere`, token_endpoint: 'http://169.254.169.254/token' }),
  moved: (res) => res.writeHead(302, { location: `${issuer}/.well-known/openid-configuration` }).end(),
  down: (res) => res.writeHead(503).end(),
  silent: () => {},
  huge: (res) => { const more = () => { while (!res.destroyed && res.write(' '.repeat(65536))); }; res.on('drain', more); more(); },
};

const form = (uid) => `<!doctype html><title>Sign in</title><form method="post" action="/sign-in/${uid}">
<input name="sub"><input name="email"><input name="email_verified"><input name="name"><input name="twist"><button>Sign in</button></form>`;
server.on('request', async (req, res) => {
  const [, first, second] = new URL(req.url, issuer).pathname.split('/');
  if (second === '.well-known' && bad[first]) return bad[first](res);
  if (first !== 'sign-in') return provider.callback()(req, res);
  if (req.method === 'GET') return res.setHeader('content-type', 'text/html').end(form(second));
  const { twist, ...said } = Object.fromEntries(new URLSearchParams(Buffer.concat(await req.toArray()).toString()));
  if (said.error) return provider.interactionFinished(req, res, { error: said.error, error_description: 'refused' });
  if ('email_verified' in said) said.email_verified = said.email_verified === 'true';
  accounts.set(said.sub, said);
  twists.set(said.sub, twist);
  return provider.interactionFinished(req, res, { login: { accountId: said.sub }, consent: {} });
});

console.log(JSON.stringify({ issuer }));
process.stdin.resume().on('end', () => process.exit());
