import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { admin, attributes, connect, fresh, member, refused } from './client.mjs';

const ca = connect();
const affiliations = ca.newAffiliationService();
const identities = ca.newIdentityService();
let registrar;
before(async () => {
  registrar = await admin(ca);
});

test('an affiliation is created, read, renamed and removed', async () => {
  const [name, other] = [fresh('org'), fresh('org')];
  let { result } = await affiliations.create({ name }, registrar);
  assert.equal(ca.status, 201);
  assert.equal(result.name, name);
  await affiliations.create({ name: `${name}.a` }, registrar);

  ({ result } = await affiliations.getOne(name, registrar));
  assert.equal(ca.status, 200);
  assert.deepEqual(result.affiliations.map((child) => child.name), [`${name}.a`]);

  ({ result } = await affiliations.update(name, { name: other }, registrar));
  assert.equal(result.name, other);
  await refused(ca, '404/63', () => affiliations.getOne(`${name}.a`, registrar));
  await affiliations.getOne(`${other}.a`, registrar);

  ({ result } = await affiliations.delete({ name: other, force: true }, registrar));
  assert.equal(result.name, other);
  await refused(ca, '404/63', () => affiliations.getOne(other, registrar));
});

test('the tree is told from the caller down', async () => {
  const { result } = await affiliations.getAll(registrar);
  assert.equal(result.name, '');
  const names = result.affiliations.map((child) => child.name);
  assert.ok(names.includes('org1') && names.includes('org2'));
  const org1 = result.affiliations.find((child) => child.name === 'org1');
  assert.ok(org1.affiliations.some((child) => child.name === 'org1.department1'));

  const attrs = [{ name: 'hf.AffiliationMgr', value: 'true' }];
  const narrow = await member(ca, registrar, { attrs, affiliation: 'org2' });
  assert.equal((await affiliations.getAll(narrow.user)).result.name, 'org2');
  await refused(ca, '403/71', () => affiliations.getOne('org1', narrow.user));
  await refused(ca, '403/71', () => affiliations.create({ name: fresh('org1.x') }, narrow.user));
});

test('a missing parent is made only by force', async () => {
  const name = fresh('org');
  await refused(ca, '404/63', () => affiliations.create({ name: `${name}.a.b` }, registrar));
  await affiliations.create({ name: `${name}.a.b`, force: true }, registrar);
  await affiliations.getOne(`${name}.a`, registrar);
});

test('a taken name is refused', async () => {
  const [name, other] = [fresh('org'), fresh('org')];
  await affiliations.create({ name }, registrar);
  await affiliations.create({ name: other }, registrar);
  await refused(ca, '409/60', () => affiliations.create({ name }, registrar));
  await refused(ca, '409/60', () => affiliations.create({ name, force: true }, registrar));
  await refused(ca, '409/60', () => affiliations.update(name, { name: other }, registrar));
});

test('an affiliation in use moves only by force, with its identities', async () => {
  const [name, other] = [fresh('org'), fresh('org')];
  await affiliations.create({ name }, registrar);
  const who = await member(ca, registrar, { affiliation: name });
  await refused(ca, '400/64', () => affiliations.update(name, { name: other }, registrar));
  const { result } = await affiliations.update(name, { name: other, force: true }, registrar);
  assert.deepEqual(result.identities.map((identity) => identity.id), [who.id]);
  assert.equal((await identities.getOne(who.id, registrar)).result.affiliation, other);
  // It stays in later certificates.
  const { certificate } = await ca.reenroll(who.user);
  assert.equal(attributes(certificate)['hf.Affiliation'], other);
});

test('an affiliation in use goes only by force, with its identities', async () => {
  const name = fresh('org');
  await affiliations.create({ name: `${name}.a`, force: true }, registrar);
  const who = await member(ca, registrar, { affiliation: `${name}.a` });
  await refused(ca, '403/71', () => affiliations.delete({ name }, registrar));
  const { result } = await affiliations.delete({ name, force: true }, registrar);
  assert.equal(result.name, name);
  // Each identity is told where it stood.
  const [child] = result.affiliations;
  assert.equal(child.name, `${name}.a`);
  assert.deepEqual(child.identities.map((identity) => identity.id), [who.id]);
  await refused(ca, '404/63', () => identities.getOne(who.id, registrar));
  await refused(ca, '401/20', () => ca.reenroll(who.user));
});

test('what is unknown is told', async () => {
  await refused(ca, '404/63', () => affiliations.getOne('org9', registrar));
  await refused(ca, '404/63', () => affiliations.update('org9', { name: fresh('org') }, registrar));
  await refused(ca, '404/63', () => affiliations.delete({ name: 'org9' }, registrar));
});

test('who manages no affiliations changes none', async () => {
  const { user } = await member(ca, registrar);
  await refused(ca, '403/71', () => affiliations.getAll(user));
  await refused(ca, '403/71', () => affiliations.getOne('org1', user));
  await refused(ca, '403/71', () => affiliations.create({ name: fresh('org') }, user));
  await refused(ca, '403/71', () => affiliations.update('org1', { name: fresh('org') }, user));
  await refused(ca, '403/71', () => affiliations.delete({ name: 'org1' }, user));
});
