package config

import (
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

func TestModeIn(t *testing.T) {
	written, silent := parse(t, everything).Webhook, parse(t, "").Webhook
	for _, test := range []struct {
		webhook   Webhook
		namespace string
		want      Mode
	}{
		{written, "prod-eu", Warn},
		{written, "prod-us", Enforce},
		{written, "dev", Warn},
		{written, "", Warn},
		{silent, "prod-us", Enforce},
		{silent, "", Enforce},
	} {
		if got := test.webhook.ModeIn(test.namespace); got != test.want {
			t.Errorf("mode in %q: %s, want %s", test.namespace, got, test.want)
		}
	}
}

func TestControls(t *testing.T) {
	for _, test := range []struct {
		text, user string
		want       bool
	}{
		{"", "system:serviceaccount:kube-system:job-controller", true},
		{"", "system:kube-controller-manager", true},
		{"", "system:kube-controller-manager:x", false},
		{"", "system:serviceaccount:kube-systemx:job-controller", false},
		{"", "system:serviceaccount:team:kube-system:x", false},
		{"", "alice", false},
		{"", "", false},
		{everything, "system:serviceaccount:kserve:controller", true},
		{everything, "system:serviceaccount:kube-system:job-controller", false},
		{"webhook: {controllers: []}", "system:kube-controller-manager", false},
		{"webhook: {controllers: []}", "system:serviceaccount:kube-system:job-controller", false},
	} {
		if got := parse(t, test.text).Webhook.Controls(test.user); got != test.want {
			t.Errorf("%q is a controller: %v, want %v\n%s", test.user, got, test.want, test.text)
		}
	}
}

func TestCoversGroup(t *testing.T) {
	webhook := parse(t, everything).Webhook
	for group, want := range map[string]bool{"serving.example.com": true, "example.com": false, "": false} {
		if got := webhook.CoversGroup(group); got != want {
			t.Errorf("group %q is covered: %t", group, got)
		}
	}
}

func TestForObjects(t *testing.T) {
	objects, err := parse(t, `
stages: {production: [{paths: ["deploy/**"], namespaces: [prod]}]}
facts: [{paths: ["legacy/**"], names: [old], set: {workload: batch-scoring}}]`).ForObjects()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		subject facts.Subject
		want    int
	}{
		{facts.Subject{File: "object", Namespace: "prod", Name: "new"}, 1},
		{facts.Subject{File: "object", Namespace: "prod", Name: "old"}, 2},
		{facts.Subject{File: "deploy/a.yaml", Namespace: "dev", Name: "new"}, 0},
	} {
		if got := len(objects.Statements(test.subject)); got != test.want {
			t.Errorf("%+v: %d statements, want %d", test.subject, got, test.want)
		}
	}
	_, err = parse(t, "stages: {production: [\"prod/**\"]}\nfacts: [{paths: [\"legacy/**\"], set: {gpus: 1}}]").ForObjects()
	want := ".mlpolicy.yaml:1:23: objects have no path: also select by namespaces, kinds or names\n.mlpolicy.yaml:2:9: objects have no path"
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
}
