// The CA client of the Fabric SDK for Node, against the server at CHANCERY_URL.

import assert from 'node:assert/strict';
import { X509Certificate, randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import FabricCAServices from 'fabric-ca-client';
import common from 'fabric-common';

const { User, Utils } = common;
export const url = process.env.CHANCERY_URL;
export const caName = process.env.CHANCERY_CA ?? '';
const [adminId, adminSecret] = (process.env.CHANCERY_ADMIN ?? 'admin:adminpw').split(':');
assert.ok(url, 'CHANCERY_URL names the server, e.g. http://127.0.0.1:7054');

/** A name nobody has used. */
export const fresh = (word) => `${word}-${randomBytes(6).toString('hex')}`;

/** A client whose last answer's HTTP status can be asked: the SDK itself tells the code only. */
export function connect(ca = caName) {
  const suite = Utils.newCryptoSuite();
  suite.setCryptoKeyStore(Utils.newCryptoKeyStore());
  const client = new FabricCAServices(url, { trustedRoots: [], verify: false }, ca, suite);
  const plain = url.startsWith('https:') ? https : http;
  client._fabricCAClient._httpClient = {
    request: (options, answered) =>
      plain.request(options, (response) => {
        client.status = response.statusCode;
        answered(response);
      }),
  };
  return client;
}

export async function userOf(name, enrollment) {
  const user = new User(name);
  const suite = Utils.newCryptoSuite();
  suite.setCryptoKeyStore(Utils.newCryptoKeyStore());
  user.setCryptoSuite(suite);
  await user.setEnrollment(enrollment.key, enrollment.certificate, 'Org1MSP');
  return user;
}

export async function enroll(client, enrollmentID, enrollmentSecret, more = {}) {
  const enrollment = await client.enroll({ enrollmentID, enrollmentSecret, ...more });
  return { ...enrollment, user: await userOf(enrollmentID, enrollment) };
}

export const admin = async (client) => (await enroll(client, adminId, adminSecret)).user;

/** Registers a fresh identity and enrolls it. */
export async function member(client, registrar, more = {}) {
  const id = fresh('member');
  const secret = await client.register(
    { enrollmentID: id, affiliation: 'org1.department1', role: 'client', maxEnrollments: -1, ...more },
    registrar,
  );
  return { id, secret, ...(await enroll(client, id, secret)) };
}

/** Expects a refusal told as `STATUS/CODE`; gives its message. */
export async function refused(client, expected, call) {
  let error;
  try {
    await call();
  } catch (e) {
    error = e;
  }
  assert.ok(error, `expected ${expected}, but it was done`);
  assert.ok(Array.isArray(error.errors) && error.errors.length === 1, `no error of ours: ${error.stack}`);
  assert.equal(`${client.status}/${error.errors[0].code}`, expected, error.errors[0].message);
  assert.equal(error.success, false);
  assert.equal(error.result, '');
  return error.errors[0].message;
}

export const parse = (pem) => new X509Certificate(pem);

/** The attributes in the Fabric extension, which is bare JSON; null without it. */
export function attributes(pem) {
  const text = parse(pem).raw.toString('latin1');
  const at = text.indexOf('{"attrs":');
  if (at < 0) return null;
  let depth = 0;
  for (let end = at; end < text.length; end += 1) {
    if (text[end] === '{') depth += 1;
    if (text[end] === '}') depth -= 1;
    if (depth === 0) return JSON.parse(text.slice(at, end + 1)).attrs;
  }
  throw new Error('the attributes have no end');
}

/** The authority key identifier, lower-case hex without leading zeros as the CA writes it. */
export function authorityKeyId(pem) {
  const raw = parse(pem).raw;
  const at = raw.indexOf(Buffer.from('0603551d23', 'hex'));
  assert.ok(at > 0, 'an authority key identifier');
  const start = raw.indexOf(Buffer.from('8014', 'hex'), at);
  return raw.subarray(start + 2, start + 22).toString('hex').replace(/^0+/, '');
}

export const serialOf = (pem) => parse(pem).serialNumber.toLowerCase().replace(/^0+/, '');
