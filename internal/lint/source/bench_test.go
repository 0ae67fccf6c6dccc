package source

import (
	"bytes"
	"io"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	yaml3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
)

// deployment is of the size and the shape of the manifests that a cluster holds.
const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: churn-0001
  namespace: models
  labels:
    app: churn-0001
    team: risk
spec:
  replicas: 2
  selector:
    matchLabels:
      app: churn-0001
  template:
    metadata:
      labels:
        app: churn-0001
    spec:
      nodeSelector:
        kubernetes.azure.com/agentpool: gpu
      containers:
        - name: server
          image: registry.example.com/models/churn:1.4.2
          args: ["--model", "/models/churn", "--port", "8080"]
          ports:
            - containerPort: 8080
              name: http
          env:
            - name: MODEL_NAME
              value: "churn-0001"
          resources:
            requests:
              cpu: "2"
              memory: 4Gi
            limits:
              memory: 8Gi
              nvidia.com/gpu: 1
`

// BenchmarkParse compares Parse with what the libraries take to read the same text: the YAML nodes and the JSON tokens.
// The reader of plain YAML reads the first row, and the YAML library the second one.
func BenchmarkParse(b *testing.B) {
	inJSON, err := yaml.YAMLToJSON([]byte(deployment))
	if err != nil {
		b.Fatal(err)
	}
	run := func(name string, size int, body func()) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				body()
			}
		})
	}
	run("yaml", len(deployment), func() { Parse("deployment.yaml", []byte(deployment)) })
	run("yaml-without-plain", len(deployment), func() { Options{NoPlain: true}.Parse("deployment.yaml", []byte(deployment)) })
	run("yaml-nodes-of-library", len(deployment), func() {
		var node yaml3.Node
		if err := yaml3.Unmarshal([]byte(deployment), &node); err != nil {
			b.Fatal(err)
		}
	})
	run("json", len(inJSON), func() { Parse("deployment.json", inJSON) })
	run("json-tokens-of-library", len(inJSON), func() {
		tokens := jsontext.NewDecoder(bytes.NewBuffer(inJSON))
		for {
			if _, err := tokens.ReadToken(); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	})
}
