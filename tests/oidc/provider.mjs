// An OpenID Connect provider on a free port: a witness that is not of our making.
//
// In: lines on standard input, `rotate` and `add-key`; it ends when the input does.
// Out: on standard output a line with its address, then one for each command that is done.

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { Provider } from 'oidc-provider';

function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

function configuration(keys) {
  return {
    clients: [
      { client_id: 'shop', client_secret: 'shop secret', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
      { client_id: 'gate', client_secret: 'gate:secret', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
    ],
    scopes: ['orders:read', 'orders:write'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'orders:read orders:write',
          audience: 'urn:api',
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    jwks: { keys },
    ttl: { ClientCredentials: 600 },
  };
}

let keys = [newKey()];
let answer;
const server = createServer((request, response) => answer(request, response));
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const furnish = () => {
    answer = new Provider(issuer, configuration(keys)).callback();
  };
  furnish();
  console.log(issuer);
  const commands = createInterface({ input: process.stdin });
  commands.on('line', (line) => {
    // A provider signs with its first key.
    keys = line === 'rotate' ? [newKey()] : [newKey(), ...keys];
    furnish();
    console.log(line);
  });
  commands.on('close', () => process.exit(0));
});
