package e2e

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

const (
	// startTimeout is for one process of the control plane on a busy machine; it takes seconds.
	startTimeout = 2 * time.Minute
	// patience bounds the wait for anything that the cluster is to do.
	patience = time.Minute
	// pollInterval is the time between looks at what is waited for.
	pollInterval = 50 * time.Millisecond
	// commandTimeout bounds a command such as kubectl.
	commandTimeout = 2 * time.Minute
)

// egress has the API server reach Services through konnectivity, %s being its socket.
const egress = `apiVersion: apiserver.k8s.io/v1beta1
kind: EgressSelectorConfiguration
egressSelections:
  - name: cluster
    connection:
      proxyProtocol: HTTPConnect
      transport:
        uds: {udsName: %s}
`

// admissionPlugins has the API server show a certificate to webhooks; %s is the file that says which.
const admissionPlugins = `apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
  - name: ValidatingAdmissionWebhook
    configuration: {apiVersion: apiserver.config.k8s.io/v1, kind: WebhookAdmissionConfiguration, kubeConfigFile: %s}
`

// webhookUsers names the certificate, in base64, that is shown to each Service.
const webhookUsers = `apiVersion: v1
kind: Config
users:
  - name: "*.svc"
    user: {client-certificate-data: %s, client-key-data: %s}
`

// apiServerName is the name in the certificate.
const apiServerName = "kube-apiserver"

// auditPolicy has everything that is written in the audit log, without its content.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    verbs: [create, update, patch, delete]
`

// cluster is etcd, kube-apiserver and kube-controller-manager. There is no node: pods stay
// pending.
type cluster struct {
	environment  *envtest.Environment
	managers     *exec.Cmd // kube-controller-manager
	konnectivity *konnectivity
	clients      *authority // of the certificate that the API server shows to webhooks

	config     *rest.Config // of an administrator
	client     *kubernetes.Clientset
	dir        string
	kubeconfig string // file of an administrator
	auditLog   string // file
	namespaces atomic.Int64
}

// startCluster starts the control plane. Its files are in a folder.
func startCluster(dir string) (*cluster, error) {
	c := &cluster{dir: dir, kubeconfig: filepath.Join(dir, "kubeconfig"), auditLog: filepath.Join(dir, "audit.log")}
	// envtest's own files are in the folder, too.
	if err := os.Setenv("TMPDIR", dir); err != nil {
		return nil, err
	}
	if err := standIns(dir); err != nil {
		return nil, err
	}
	var err error
	if c.clients, err = makeAuthority(); err != nil {
		return nil, err
	}
	certificate, key, err := c.clients.leaf(apiServerName, x509.ExtKeyUsageClientAuth, time.Time{})
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "konnectivity.sock")
	base64 := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for name, text := range map[string]string{
		"egress.yaml": fmt.Sprintf(egress, socket), "audit.yaml": auditPolicy,
		"admission.yaml":     fmt.Sprintf(admissionPlugins, filepath.Join(dir, "webhook-users.yaml")),
		"webhook-users.yaml": fmt.Sprintf(webhookUsers, base64(certificate), base64(key)),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	if c.konnectivity, err = startKonnectivity(socket); err != nil {
		return nil, err
	}
	if err := c.startAPIServer(); err != nil {
		return nil, err
	}
	if err := c.startManagers(); err != nil {
		return nil, errors.Join(err, c.environment.Stop())
	}
	return c, nil
}

func (c *cluster) startAPIServer() error {
	c.environment = &envtest.Environment{ControlPlaneStartTimeout: startTimeout, ControlPlaneStopTimeout: startTimeout}
	server := c.environment.ControlPlane.GetAPIServer()
	server.Path = filepath.Join(c.dir, "kube-apiserver")
	c.environment.ControlPlane.Etcd = &envtest.Etcd{Path: filepath.Join(c.dir, "etcd")}
	log, err := os.Create(filepath.Join(c.dir, "kube-apiserver.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	server.Out, server.Err = log, log
	server.Configure().
		// Loopback alone: a machine without a default route has no other address.
		Set("advertise-address", "127.0.0.1").Set("endpoint-reconciler-type", "none").
		// The ServiceAccount plugin, which envtest turns off, has what it needs from kube-controller-manager.
		Disable("disable-admission-plugins").
		Set("admission-control-config-file", filepath.Join(c.dir, "admission.yaml")).
		Set("egress-selector-config-file", filepath.Join(c.dir, "egress.yaml")).
		Set("audit-policy-file", filepath.Join(c.dir, "audit.yaml")).
		Set("audit-log-path", c.auditLog)
	if c.config, err = c.environment.Start(); err != nil {
		text, _ := os.ReadFile(log.Name())
		return fmt.Errorf("%w\n%s", err, text)
	}
	// What is warned of is seen with kubectl, as people see it.
	c.config.WarningHandler = rest.NoWarnings{}
	if c.client, err = kubernetes.NewForConfig(c.config); err != nil {
		return err
	}
	return os.WriteFile(c.kubeconfig, c.environment.KubeConfig, 0o600)
}

func (c *cluster) startManagers() error {
	log, err := os.Create(filepath.Join(c.dir, "kube-controller-manager.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	certificates := c.environment.ControlPlane.GetAPIServer().CertDir
	c.managers = exec.Command(asset("kube-controller-manager"),
		"--kubeconfig", c.kubeconfig, "--leader-elect=false", "--secure-port=0",
		// Each controller is a user of its own, as in a cluster.
		"--use-service-account-credentials=true", "--service-account-private-key-file", filepath.Join(certificates, "sa-signer.key"),
		// There is no kubelet that would tell that a node lives.
		"--controllers=*,-node-lifecycle-controller",
		"--kube-api-qps=500", "--kube-api-burst=1000")
	c.managers.Stdout, c.managers.Stderr = log, log
	c.managers.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return c.managers.Start()
}

// stop ends kube-controller-manager before the API server, which would wait for its watches, and
// that before etcd, without which it would hang.
func (c *cluster) stop() error {
	err := c.managers.Process.Kill()
	_ = c.managers.Wait() // it was killed
	return errors.Join(err, c.environment.Stop(), c.konnectivity.server.Close())
}

// eventually polls until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(pollInterval) {
		if time.Now().After(deadline) {
			t.Fatalf("in vain for %s: %s", patience, what)
		}
	}
}

// namespace makes a namespace with labels such as a=b. Pods can be made in it at once.
func namespace(t *testing.T, labels ...string) string {
	t.Helper()
	name := fmt.Sprintf("e2e-%d", shared.namespaces.Add(1))
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{}}}
	for _, label := range labels {
		key, value, _ := strings.Cut(label, "=")
		object.Labels[key] = value
	}
	if _, err := shared.client.CoreV1().Namespaces().Create(t.Context(), object, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shared.client.CoreV1().Namespaces().Delete(context.Background(), name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	eventually(t, "a service account in namespace "+name, func() bool {
		_, err := shared.client.CoreV1().ServiceAccounts(name).Get(t.Context(), "default", metav1.GetOptions{})
		return err == nil
	})
	return name
}

// result is what a command comes to.
type result struct {
	stdout, stderr string
	code           int
}

// environment is that of commands: the binaries under test come first, nothing of the machine's own
// cluster counts, and Services are reached as pods reach them.
func environment() []string {
	var path []string
	for _, binary := range []string{asset("kubectl"), helm(), mlpolicy()} {
		path = append(path, filepath.Dir(binary))
	}
	path = append(path, os.Getenv("PATH"))
	return []string{
		"HOME=" + shared.dir, "PATH=" + strings.Join(path, ":"),
		"KUBECONFIG=" + shared.kubeconfig, "HTTPS_PROXY=" + shared.konnectivity.proxy,
	}
}

// command runs a program with what it is to read.
func command(t *testing.T, stdin, program string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	cmd.Env = environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		t.Fatalf("%s %q: %v\n%s", filepath.Base(program), args, errors.Join(err, ctx.Err()), &stderr)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// kubectl runs kubectl as an administrator.
func kubectl(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	r := command(t, "", asset("kubectl"), args...)
	return r.stdout, r.stderr, r.code
}

// must runs kubectl, which is to succeed, and returns what it writes.
func must(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, code := kubectl(t, args...)
	if code != 0 {
		t.Fatalf("kubectl %q: exit code %d\n%s", args, code, stderr)
	}
	return stdout
}

// apply runs kubectl apply with a manifest, and further arguments.
func apply(t *testing.T, namespace, manifest string, args ...string) result {
	t.Helper()
	return command(t, manifest, asset("kubectl"), append([]string{"apply", "--namespace", namespace, "--filename", "-"}, args...)...)
}

// applied runs apply, which is to succeed.
func applied(t *testing.T, namespace, manifest string, args ...string) result {
	t.Helper()
	r := apply(t, namespace, manifest, args...)
	if r.code != 0 {
		t.Fatalf("kubectl apply: exit code %d\n%s\n%s", r.code, r.stderr, manifest)
	}
	return r
}

// auditEvent is what the tests read of an event of the audit log.
type auditEvent struct {
	RequestReceivedTimestamp time.Time
	Verb                     string
	RequestURI               string
	User                     struct{ Username string }
	ObjectRef                struct{ Resource, Namespace, Name, Subresource string }
	ResponseStatus           struct{ Code int }
	Annotations              map[string]string
}

// audited waits for an event of the audit log about an object of a namespace of which something
// holds, and returns the last.
func audited(t *testing.T, namespace string, holds func(auditEvent) bool) auditEvent {
	t.Helper()
	var last *auditEvent
	eventually(t, "an event in the audit log", func() bool {
		text, err := os.ReadFile(shared.auditLog)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			var event auditEvent
			// The last line may be half written.
			if json.Unmarshal(line, &event) == nil && event.ObjectRef.Namespace == namespace && holds(event) {
				last = &event
			}
		}
		return last != nil
	})
	return *last
}

// serverMetrics are the API server's.
func serverMetrics(t *testing.T) series {
	t.Helper()
	body, err := shared.client.RESTClient().Get().AbsPath("/metrics").DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return parseSeries(t, string(body))
}
