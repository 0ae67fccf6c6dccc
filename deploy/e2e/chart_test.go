package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// setting is a value of the chart with what it can be beside its default.
type setting struct {
	value string
	set   []values
	// decides says that it changes which objects there are, or their names.
	decides bool
	// combined says that it is tried together with all others that are.
	combined bool
}

// switched is a value that adds objects or takes them away. It may be more than true and false.
func switched(value string, more ...any) setting {
	of := setting{value: value, set: []values{{value: true}, {value: false}}, decides: true, combined: true}
	for _, each := range more {
		of.set = append(of.set, values{value: each})
	}
	return of
}

// independent is a value that adds or takes away an object that nothing else depends on.
func independent(value string) setting {
	return setting{value: value, set: []values{{value: true}, {value: false}}, decides: true}
}

// held is a value that changes what is in objects and not which there are.
func held(value string, examples ...any) setting {
	of := setting{value: value}
	for _, example := range examples {
		of.set = append(of.set, values{value: example})
	}
	return of
}

// decides is a value that changes which objects there are, or their names.
func decides(value string, set ...values) setting {
	return setting{value: value, set: set, decides: true}
}

// scaled is a value of the autoscaler.
func scaled(value string, example any) setting {
	return setting{value: "autoscaling." + value, set: []values{{"autoscaling.enabled": true, "autoscaling." + value: example}}, decides: true}
}

// given is a certificate that was made elsewhere.
func given(ca *authority) values {
	return values{"certificate.mode": "existing", "certificate.existing.secretName": tlsSecret, "certificate.existing.caBundle": ca.pem}
}

// settings are all values of the chart's schema.
func settings(ca *authority) []setting {
	issuer := values{
		"certificate.certManager.issuerRef.name": "internal", "certificate.certManager.issuerRef.kind": "ClusterIssuer",
		"certificate.certManager.issuerRef.group": "cert-manager.io",
	}
	expression := []any{map[string]any{"key": "mlpolicy.dev/review", "operator": "In", "values": []any{"enabled"}}}
	return []setting{
		decides("certificate.mode", values{"certificate.mode": "cert-manager"}, given(ca), values{"certificate.mode": "generated"}),
		decides("certificate.certManager.issuerRef.name", issuer),
		switched("podDisruptionBudget.enabled"),
		switched("networkPolicy.enabled"),
		switched("serviceMonitor.enabled", "auto"),
		switched("prometheusRule.enabled", "auto"),
		switched("dashboard.enabled"),
		switched("namespace.create"),
		independent("hooks.check"),
		independent("hooks.unregister"),
		independent("hooks.test"),
		independent("autoscaling.enabled"),
		independent("serviceAccount.create"),
		decides("nameOverride", values{"nameOverride": "guard"}),
		decides("fullnameOverride", values{"fullnameOverride": "guard"}),
		decides("serviceAccount.name", values{"serviceAccount.name": "guard"}),
		// Azure Monitor reads no rules.
		decides("monitoring.apiGroup", values{"monitoring.apiGroup": "azmonitoring.coreos.com", "prometheusRule.enabled": false}),

		held("global", map[string]any{"of": "other charts"}),
		held("mode", "warn", "enforce"),
		held("config", "edition: 2023-03\nkubernetes: {cluster: aks} # what it is\n", map[string]any{"edition": "2023-03", "rules": map[string]any{"memory": "off"}}),
		held("dropConfig", true),
		held("policies", map[string]any{"a/a.rego": "package a\n", "editions/2027-02/data.yaml": "title: x\n"}),
		held("logAllowed", true),
		held("extraArgs", []any{"--max-in-flight=64"}),
		held("extraEnv", []any{map[string]any{"name": "GODEBUG", "value": "fips140=on"}}),
		held("shutdownDelaySeconds", 0, 3600),
		held("webhook.failurePolicy", "Ignore", "Fail"),
		held("webhook.timeoutSeconds", 1, 30),
		held("webhook.excludedNamespaces", []any{"flux-system", "kube-system"}),
		held("webhook.namespaceExpressions", expression),
		held("webhook.objectSelector.matchLabels", map[string]any{"a": "b"}),
		held("webhook.objectSelector.matchExpressions", expression),
		held("webhook.matchConditions", []any{map[string]any{"name": "not-flux", "expression": "request.userInfo.username != 'flux'"}}),
		held("webhook.reviewBindings", true),
		held("webhook.admissionsEnforcerDisabled", false),
		held("webhook.annotations", map[string]any{"example.com/owner": "platform"}),
		decides("certificate.certManager.issuerRef.kind", issuer),
		decides("certificate.certManager.issuerRef.group", issuer),
		held("certificate.certManager.duration", "8760h"),
		held("certificate.certManager.renewBefore", "360h0m0s"),
		decides("certificate.existing.secretName", given(ca)),
		decides("certificate.existing.caBundle", given(ca)),
		held("certificate.generated.revision", 2),
		held("certificate.generated.validDays", 61),
		held("replicas", 1, 5),
		scaled("minReplicas", 1),
		scaled("maxReplicas", 9),
		scaled("targetCPUUtilizationPercentage", 50),
		held("image.repository", "contoso.azurecr.io/mlpolicy"),
		held("image.tag", "0.1.0-rc.1"),
		held("image.digest", "sha256:"+strings.Repeat("0", 64)),
		held("image.pullPolicy", "Always", "Never"),
		held("image.pullSecrets", []any{map[string]any{"name": "registry"}}),
		held("resources.requests.cpu", "1", 0.5),
		held("resources.requests.memory", "256Mi"),
		held("resources.limits.cpu", 2),
		held("resources.limits.memory", "1Gi"),
		held("priorityClassName", "", "system-node-critical"),
		held("serviceAccount.annotations", map[string]any{"azure.workload.identity/client-id": "x"}),
		held("commonLabels", map[string]any{"team": "platform"}),
		held("podAnnotations", map[string]any{"example.com/scraped": "no"}),
		held("podLabels", map[string]any{"team": "platform"}),
		held("nodeSelector", map[string]any{"kubernetes.azure.com/mode": "system"}),
		held("tolerations", []any{}),
		held("affinity", map[string]any{"nodeAffinity": map[string]any{"preferredDuringSchedulingIgnoredDuringExecution": []any{
			map[string]any{"weight": 1, "preference": map[string]any{"matchExpressions": []any{map[string]any{"key": "a", "operator": "Exists"}}}},
		}}}),
		held("topologySpreadConstraints", []any{}, []any{map[string]any{"topologyKey": "kubernetes.io/hostname", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": map[string]any{"matchLabels": map[string]any{"app.kubernetes.io/name": "mlpolicy"}}}}),
		held("podDisruptionBudget.maxUnavailable", 2, "50%"),
		held("networkPolicy.reviewsFrom", []any{map[string]any{"podSelector": map[string]any{"matchLabels": map[string]any{"app": "konnectivity-agent"}}}}),
		decides("clients.caBundle", values{"clients.caBundle": ca.pem}),
		decides("clients.names", values{"clients.caBundle": ca.pem, "clients.names": []any{"apiserver"}}),
		held("monitoring.clusterLabel", "k8s_name"),
		held("monitoring.cluster", "aks-1"),
		held("networkPolicy.metricsFrom", []any{}, []any{map[string]any{"podSelector": map[string]any{"matchLabels": map[string]any{"app": "prometheus"}}}}),
		held("serviceMonitor.interval", "1m"),
		held("serviceMonitor.labels", map[string]any{"release": "prometheus"}),
		held("prometheusRule.labels", map[string]any{"release": "prometheus"}),
		held("dashboard.labels", map[string]any{"folder": "admission"}),
	}
}

// everything switches all optional objects on.
var everything = values{"serviceMonitor.enabled": true, "prometheusRule.enabled": true, "dashboard.enabled": true, "namespace.create": true}

// combinations are all choices of the values that decide which objects there are; of those that
// only rename them, with everything switched on.
func combinations(all []setting, ca *authority) []values {
	certificates := []values{{}, given(ca), {"certificate.mode": "generated"}}
	var switches []string
	var renamed []values
	for _, each := range all {
		switch {
		case strings.HasSuffix(each.value, "issuerRef.name"):
			certificates = append(certificates, each.set...)
		case each.combined:
			switches = append(switches, each.value)
		case strings.HasPrefix(each.value, "nameOverride"), strings.HasPrefix(each.value, "fullnameOverride"):
			renamed = append(renamed, each.set...)
		}
	}
	var of []values
	for _, certificate := range certificates {
		for set := range 1 << len(switches) {
			choice := merge(certificate)
			for i, value := range switches {
				choice[value] = set>>i&1 == 1
			}
			of = append(of, choice)
		}
		for _, names := range renamed {
			of = append(of, merge(certificate, everything, names))
		}
	}
	return of
}

// leaves are the values that a schema describes, by their keys with dots between.
func leaves(schema map[string]any, path string) (all []string) {
	properties, _ := schema["properties"].(map[string]any)
	if len(properties) == 0 {
		return []string{path}
	}
	for key, of := range properties {
		all = append(all, leaves(of.(map[string]any), strings.TrimPrefix(path+"."+key, "."))...)
	}
	return all
}

// identities are the kinds and names in a manifest.
func identities(t *testing.T, manifest string) (all []string) {
	t.Helper()
	for _, of := range objectsOf(t, manifest) {
		all = append(all, of.kind()+"/"+of.name())
	}
	slices.Sort(all)
	return all
}

// The table of settings has every value that the schema allows.
func TestSettingsAreAll(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(chart, "values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	var described []string
	for _, each := range settings(newAuthority(t)) {
		described = append(described, each.value)
	}
	want := leaves(schema, "")
	slices.Sort(want)
	if slices.Sort(described); !slices.Equal(described, want) {
		t.Errorf("the table has\n%q\nand the schema\n%q", described, want)
	}
}

// Every object that the chart can render is valid to an API server, in a namespace that enforces
// the restricted pod security level, and its pods are admitted there.
func TestEveryManifestIsAccepted(t *testing.T) {
	defineUpstream(t)
	ca := newAuthority(t)
	ns := namespace(t)
	applied(t, ns, "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: "+ns+"\n  labels:\n"+
		"    pod-security.kubernetes.io/enforce: restricted\n    pod-security.kubernetes.io/warn: restricted\n")

	table := settings(ca)
	sets := combinations(table, ca)
	if len(sets) != 4*(64+2) {
		t.Fatalf("there are %d combinations", len(sets))
	}
	each := len(sets) // where the settings begin, each by itself
	sets = append(sets, everything)
	for _, of := range table {
		for _, set := range of.set {
			// The optional objects are there, so that no value is without effect.
			sets = append(sets, merge(everything, set))
		}
	}
	sets = append(sets, profile(t))
	texts := renderAll(t, ns, sets)
	checkDecides(t, table, texts[each:])
	checkTemplates(t, texts)

	distinct := map[string]object{}
	for _, text := range texts {
		for _, of := range objectsOf(t, text) {
			key, err := json.Marshal(of)
			if err != nil {
				t.Fatal(err)
			}
			distinct[string(key)] = of
		}
	}
	var all, namespaced []string
	var workloads []object
	for _, key := range slices.Sorted(maps.Keys(distinct)) {
		all = append(all, key)
		switch distinct[key].kind() {
		case "Namespace":
			continue
		case "Pod":
			// Its service account is not there when it is applied.
			workloads, all = append(workloads, distinct[key]), all[:len(all)-1]
			continue
		case "Deployment", "Job":
			workloads = append(workloads, distinct[key])
		}
		namespaced = append(namespaced, key)
	}
	t.Logf("%d distinct objects in %d renderings", len(all), len(sets))
	isAccepted(t, ns, all)
	// The namespace was applied in the other way.
	isAccepted(t, ns, namespaced, "--server-side")
	podsAreAdmitted(t, ns, workloads)
}

// isAccepted holds that manifests can be applied, without a warning.
func isAccepted(t *testing.T, ns string, manifests []string, args ...string) {
	t.Helper()
	got := apply(t, ns, strings.Join(manifests, "\n---\n"), append([]string{"--dry-run=server", "--validate=strict"}, args...)...)
	if lines := strings.Count(got.stdout, "(server dry run)"); got.code != 0 || got.stderr != "" || lines != len(manifests) {
		t.Errorf("%d of %d objects are accepted: exit code %d: %s", lines, len(manifests), got.code, got.stderr)
	}
}

// checkDecides holds that the table says rightly which values change what objects there are. The
// first text is without any of them.
func checkDecides(t *testing.T, table []setting, texts []string) {
	t.Helper()
	usual := identities(t, texts[0])
	at := 1
	for _, of := range table {
		changes := false
		for range of.set {
			changes = changes || !slices.Equal(identities(t, texts[at]), usual)
			at++
		}
		if changes != of.decides {
			t.Errorf("%s changes which objects there are: %t, and the table says %t", of.value, changes, of.decides)
		}
	}
}

var sourceComment = regexp.MustCompile(`(?m)^# Source: mlpolicy/templates/(.+)$`)

// profile is the profile that the chart brings along.
func profile(t *testing.T) values {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(chart, "profiles", "fail-closed.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	of := values{}
	if err := yaml.UnmarshalStrict(text, &of); err != nil {
		t.Fatal(err)
	}
	return of
}

// checkTemplates holds that every template that makes objects has made some.
func checkTemplates(t *testing.T, texts []string) {
	t.Helper()
	used := map[string]bool{}
	for _, text := range texts {
		for _, match := range sourceComment.FindAllStringSubmatch(text, -1) {
			used[match[1]] = true
		}
	}
	entries, err := os.ReadDir(filepath.Join(chart, "templates"))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) == 0 {
		t.Fatal("the chart has no templates")
	}
	for _, entry := range entries {
		// Helpers make nothing, and the notes are for people: TestInstalledAsRendered reads them.
		if name := entry.Name(); filepath.Ext(name) == ".yaml" && !used[name] {
			t.Errorf("no combination renders %s", name)
		}
	}
}

// podsAreAdmitted makes each pod, and one of each template of Deployments and Jobs.
func podsAreAdmitted(t *testing.T, ns string, workloads []object) {
	t.Helper()
	accounts, pods := map[string]bool{}, map[string]bool{}
	for _, of := range workloads {
		template := of
		if of.kind() != "Pod" {
			template = object(of.at("spec", "template").(map[string]any))
		}
		accounts[fmt.Sprint(template.at("spec", "serviceAccountName"))] = true
		metadata := template["metadata"].(map[string]any)
		delete(metadata, "name")
		metadata["generateName"] = "of-template-"
		pod, err := json.Marshal(object{"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
		if err != nil {
			t.Fatal(err)
		}
		pods[string(pod)] = true
	}
	if len(pods) == 0 {
		t.Fatal("there are no pods")
	}
	delete(accounts, "default") // is there
	for account := range accounts {
		must(t, "create", "serviceaccount", account, "--namespace", ns)
	}
	all := strings.Join(slices.Sorted(maps.Keys(pods)), "\n---\n")
	got := command(t, all, asset("kubectl"), "create", "--namespace", ns, "--dry-run=server", "--validate=strict", "--filename", "-")
	if lines := strings.Count(got.stdout, "created (server dry run)"); got.code != 0 || got.stderr != "" || lines != len(pods) {
		t.Errorf("%d of %d pods are admitted: exit code %d: %s", lines, len(pods), got.code, got.stderr)
	}
}

// prepare makes what the chart is to be installed into by helm, without a certificate.
func prepare(t *testing.T, set values) *release {
	t.Helper()
	r := &release{authority: newAuthority(t), canaries: namespace(t), dir: t.TempDir(), values: set}
	r.namespace = namespace(t, "pod-security.kubernetes.io/enforce=restricted")
	t.Cleanup(func() { r.uninstall(t) })
	return r
}

// collected reports whether Kubernetes creates and deletes an object by itself.
func collected(object string) bool {
	for _, resource := range []string{"pods ", "replicasets.apps ", "endpoints ", "endpointslices.discovery.k8s.io "} {
		if strings.HasPrefix(object, resource) {
			return true
		}
	}
	return false
}

// manifest is what helm has installed.
func (r *release) manifest(t *testing.T) string {
	t.Helper()
	done := command(t, "", helm(), "get", "manifest", releaseName, "--namespace", r.namespace)
	if done.code != 0 {
		t.Fatalf("helm get manifest: exit code %d\n%s", done.code, done.stderr)
	}
	return done.stdout
}

// live are objects as the API server returns them, without what is the server's, kubectl's and
// Helm's own.
func live(t *testing.T, ns string, manifest string) []object {
	t.Helper()
	got := command(t, manifest, asset("kubectl"), "get", "--filename", "-", "--namespace", ns, "--output", "json")
	var list struct{ Items []object }
	if err := json.Unmarshal([]byte(got.stdout), &list); got.code != 0 || err != nil {
		t.Fatalf("kubectl get: exit code %d: %v: %s", got.code, err, got.stderr)
	}
	for _, of := range list.Items {
		metadata := of["metadata"].(map[string]any)
		for _, key := range []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"} {
			delete(metadata, key)
		}
		annotations, _ := metadata["annotations"].(map[string]any)
		for _, key := range []string{"meta.helm.sh/release-name", "meta.helm.sh/release-namespace", "kubectl.kubernetes.io/last-applied-configuration"} {
			delete(annotations, key)
		}
		if len(annotations) == 0 {
			delete(metadata, "annotations")
		}
	}
	return list.Items
}

// differences are where an object is not as it was rendered. Fields that were not rendered may
// have any value.
func differences(rendered, live any, path string) (all []string) {
	switch rendered := rendered.(type) {
	case map[string]any:
		fields, _ := live.(map[string]any)
		for key, value := range rendered {
			all = append(all, differences(value, fields[key], path+"."+key)...)
		}
		return all
	case []any:
		if items, _ := live.([]any); len(items) == len(rendered) && len(items) > 0 {
			for i, value := range rendered {
				all = append(all, differences(value, items[i], fmt.Sprintf("%s[%d]", path, i))...)
			}
			return all
		}
	}
	if !reflect.DeepEqual(rendered, live) {
		return []string{fmt.Sprintf("%s is %v, rendered %v", path, live, rendered)}
	}
	return nil
}

// asRendered holds that objects stand in the cluster as they were rendered, and that the API
// server has added nothing to the ValidatingWebhookConfiguration.
func asRendered(t *testing.T, ns string, manifest string) {
	t.Helper()
	rendered, found := objectsOf(t, manifest), live(t, ns, manifest)
	if len(found) != len(rendered) {
		t.Fatalf("%d of %d objects are there", len(found), len(rendered))
	}
	for i, of := range rendered {
		for _, difference := range differences(map[string]any(of), map[string]any(found[i]), "") {
			t.Errorf("%s %s: %s", of.kind(), of.name(), difference)
		}
	}
	webhook := ofKind(t, rendered, "ValidatingWebhookConfiguration")
	if got := ofKind(t, found, "ValidatingWebhookConfiguration"); !reflect.DeepEqual(got, webhook) {
		t.Errorf("the ValidatingWebhookConfiguration is\n%v\nrendered\n%v", got, webhook)
	}
}

// certificateModes are the values of each way to a certificate.
func certificateModes(ca *authority) map[string]values {
	return map[string]values{
		"cert-manager":               {},
		"cert-manager's own issuer":  {"certificate.certManager.issuerRef.name": "internal", "certificate.certManager.issuerRef.kind": "ClusterIssuer"},
		"existing":                   given(ca),
		"generated":                  {"certificate.mode": "generated"},
		"generated and all there is": merge(everything, values{"certificate.mode": "generated", "namespace.create": false}),
	}
}

// What is installed is what was rendered, and the API server changes nothing of it: whoever
// compares the two, such as Argo CD, finds no drift. What is uninstalled leaves nothing.
func TestInstalledAsRendered(t *testing.T) {
	defineUpstream(t)
	modes := certificateModes(newAuthority(t))
	if len(modes) == 0 {
		t.Fatal("no cases")
	}
	for name, set := range modes {
		t.Run(name, func(t *testing.T) {
			r := prepare(t, set)
			before := inventory(t)
			r.helm(t, "install")
			manifest := r.manifest(t)
			asRendered(t, r.namespace, manifest)
			again, err := render(t, r.namespace, set, "--no-hooks")
			if err != nil {
				t.Fatal(err)
			}
			if generated := set["certificate.mode"] == "generated"; (strings.TrimSpace(manifest) == strings.TrimSpace(again)) == generated {
				t.Errorf("helm install and helm template render the same: %t", generated)
			}
			r.uninstall(t)
			var left []string
			eventually(t, "a namespace without the release", func() bool {
				left = inventory(t).beyond(before)
				// Events are history, which expires.
				left = slices.DeleteFunc(left, func(object string) bool { return strings.HasPrefix(object, "events") })
				return !slices.ContainsFunc(left, collected)
			})
			if len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// The namespace default is not the release's own, and would be left out of the review.
func TestDefaultIsRefused(t *testing.T) {
	defineUpstream(t)
	modes := certificateModes(newAuthority(t))
	if len(modes) == 0 {
		t.Fatal("no cases")
	}
	before := inventory(t)
	for name, set := range modes {
		got := command(t, set.yaml(t), helm(), "install", releaseName, chart, "--namespace", "default", "--values", "-")
		if got.code == 0 || !strings.Contains(got.stderr, "must not be installed in default") {
			t.Errorf("%s: exit code %d: %s", name, got.code, got.stderr)
		}
	}
	for _, left := range inventory(t).beyond(before) {
		t.Errorf("left behind: %s", left)
	}
}
