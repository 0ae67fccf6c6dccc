package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

const (
	chart       = "../chart"
	releaseName = "mlpolicy"
	tlsSecret   = "webhook-tls"
)

// values are the chart's, by their keys with dots between, such as webhook.failurePolicy.
type values map[string]any

// base is what every release has: a certificate by the test's authority, and no time to wait.
func base(ca *authority) values {
	return values{
		"replicas":                        1,
		"certificate.mode":                "existing",
		"certificate.existing.secretName": tlsSecret,
		"certificate.existing.caBundle":   ca.pem,
		"shutdownDelaySeconds":            0,
		"extraArgs":                       []string{"--reload-interval=100ms"},
	}
}

// yaml is the text of a file of values.
func (v values) yaml(t *testing.T) string {
	t.Helper()
	root := map[string]any{}
	for key, value := range v {
		at, keys := root, strings.Split(key, ".")
		for _, step := range keys[:len(keys)-1] {
			if at[step] == nil {
				at[step] = map[string]any{}
			}
			at = at[step].(map[string]any)
		}
		at[keys[len(keys)-1]] = value
	}
	text, err := yaml.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// merge puts values together; later ones stand above earlier ones.
func merge(all ...values) values {
	merged := values{}
	for _, each := range all {
		maps.Copy(merged, each)
	}
	return merged
}

// release is the chart installed by helm. In place of its pods, which no node runs, are
// processes on this machine, with the arguments, environment and files of the Deployment's
// template.
type release struct {
	namespace string
	authority *authority
	values    values
	canaries  string // namespace of reviewed objects of no consequence
	dir       string
	addresses []string // of the Service

	lock    sync.Mutex
	started []*pod
	pods    []*pod // of these, those that got ready
	next    int    // of the pods to be asked
}

// install installs the chart into a namespace of its own, starts as many processes as the
// Deployment has replicas and waits until reviews reach them. There can be one release at a time;
// it goes with the test.
func install(t *testing.T, set values) *release {
	t.Helper()
	r := &release{authority: newAuthority(t), canaries: namespace(t), dir: t.TempDir()}
	// As the runbook says.
	r.namespace = namespace(t, "pod-security.kubernetes.io/enforce=restricted")
	r.values = merge(base(r.authority), set)
	certificate, key := r.authority.issue(t, r.host())
	r.storeCertificate(t, certificate, key)
	t.Cleanup(func() { r.uninstall(t) })
	r.helm(t, "install")
	r.serve(t)
	return r
}

// serve starts as many processes as the Deployment has replicas and waits until reviews reach them.
func (r *release) serve(t *testing.T) {
	t.Helper()
	service, err := shared.client.CoreV1().Services(r.namespace).Get(t.Context(), releaseName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r.addresses = []string{net.JoinHostPort(service.Spec.ClusterIP, "443"), net.JoinHostPort(r.host(), "443")}
	r.steer(r.dial)
	for range *r.deployment(t).Spec.Replicas {
		r.start(t)
	}
	r.reached(t)
}

// upgrade changes values, and what of them the pods have as files.
func (r *release) upgrade(t *testing.T, set values) {
	t.Helper()
	r.values = merge(r.values, set)
	r.helm(t, "upgrade")
	for _, p := range r.running() {
		r.mount(t, p)
	}
}

// helm runs a command of helm without hooks, whose pods no node runs; TestHooks has them.
func (r *release) helm(t *testing.T, verb string) {
	t.Helper()
	done := command(t, r.values.yaml(t), helm(), verb, releaseName, chart, "--namespace", r.namespace, "--values", "-", "--no-hooks")
	if done.code != 0 {
		t.Fatalf("helm %s: exit code %d\n%s", verb, done.code, done.stderr)
	}
}

// helm is the path of the binary that .ci/helm builds.
func helm() string { return fromEnv("HELM", "../../bin/helm") }

// mlpolicy is the path of the binary that make build makes.
func mlpolicy() string { return fromEnv("MLPOLICY", "../../bin/mlpolicy") }

// uninstall takes the release away and waits until the API server asks it no more, so that the
// next test begins without it. Then the processes end.
func (r *release) uninstall(t *testing.T) {
	t.Helper()
	defer r.end(t)
	if done := command(t, "", helm(), "uninstall", releaseName, "--namespace", r.namespace, "--ignore-not-found", "--no-hooks"); done.code != 0 {
		t.Errorf("helm uninstall: exit code %d\n%s", done.code, done.stderr)
	}
	eventually(t, "an API server that asks no webhook", func() bool {
		before := r.reviews(t)
		return r.canary() == nil && r.reviews(t) == before
	})
	for _, p := range r.running() {
		if code := p.stop(t); code != 0 {
			t.Errorf("the webhook ended with exit code %d", code)
		}
	}
}

// end leaves no process of the release, and shows what they wrote if the test failed.
func (r *release) end(t *testing.T) {
	t.Helper()
	r.steer(nil)
	for _, p := range r.started {
		p.kill()
		if t.Failed() {
			t.Logf("%s:\n%s", p.address, p.log.tail())
		}
	}
}

// storeCertificate writes the Secret that the chart is told of.
func (r *release) storeCertificate(t *testing.T, certificate, key string) {
	t.Helper()
	secret := &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: tlsSecret},
		Type:       corev1.SecretTypeTLS,
		StringData: map[string]string{"tls.crt": certificate, "tls.key": key},
	}
	text, err := yaml.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	applied(t, r.namespace, string(text))
}

func (r *release) deployment(t *testing.T) *appsv1.Deployment {
	t.Helper()
	deployment, err := shared.client.AppsV1().Deployments(r.namespace).Get(context.Background(), releaseName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return deployment
}

// running are the pods that got ready and that nobody ended.
func (r *release) running() []*pod {
	r.lock.Lock()
	defer r.lock.Unlock()
	return slices.DeleteFunc(slices.Clone(r.pods), func(p *pod) bool { return p.ended.Load() })
}

// dial connects to a running pod, one after another.
func (r *release) dial() (net.Conn, error) {
	pods := r.running()
	if len(pods) == 0 {
		return nil, errors.New("no pod runs")
	}
	r.lock.Lock()
	r.next++
	turn := r.next % len(pods)
	r.lock.Unlock()
	return net.Dial("tcp", pods[turn].address)
}

// steer has new connections to the release's Service go where dial says.
func (r *release) steer(dial dialer) {
	for _, address := range r.addresses {
		shared.konnectivity.route(address, dial)
	}
}

// host is the name of the Service, which the certificate is for.
func (r *release) host() string { return releaseName + "." + r.namespace + ".svc" }

// canary creates a pod as a dry run.
func (r *release) canary() error {
	object := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "canary-"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "canary", Image: "canary"}}},
	}
	_, err := shared.client.CoreV1().Pods(r.canaries).Create(context.Background(), object, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return err
}

// reviews is how many reviews the running pods have answered. One that is answered is in flight until it is counted.
func (r *release) reviews(t *testing.T) float64 {
	t.Helper()
	eventually(t, "no review in flight", func() bool { return r.metrics(t)[inFlight] == 0 })
	return r.metrics(t).sum(reviewsTotal)
}

// reached waits until what is created is reviewed.
func (r *release) reached(t *testing.T) {
	t.Helper()
	eventually(t, "a review", func() bool {
		before := r.reviews(t)
		_ = r.canary() // refused or not, it is reviewed
		return r.reviews(t) > before
	})
}

// metrics are those of all running pods together.
func (r *release) metrics(t *testing.T) series {
	t.Helper()
	all := series{}
	for _, p := range r.running() {
		for name, value := range p.metrics(t) {
			all[name] += value
		}
	}
	return all
}

// pod is a process in place of a pod of the webhook.
type pod struct {
	address string // of reviews
	exposed string // address of the metrics
	dir     string // where its volumes are
	command *exec.Cmd
	log     *log
	done    chan struct{} // closed when the process is no more
	ended   atomic.Bool   // somebody has ended it
	backend *backend      // of the balancer, if there is one
}

// start starts a pod of the Deployment, and waits until it is ready.
func (r *release) start(t *testing.T) *pod {
	t.Helper()
	p := r.launch(t)
	r.waitReady(t, p)
	r.lock.Lock()
	defer r.lock.Unlock()
	r.pods = append(r.pods, p)
	return p
}

// launch starts a process as a kubelet starts a pod of the Deployment.
func (r *release) launch(t *testing.T) *pod {
	t.Helper()
	// A loopback address of its own, so that the ports are those of the chart.
	ip := net.IPv4(127, byte(1+rand.N(254)), byte(rand.N(256)), byte(1+rand.N(254))).String()
	p := &pod{dir: filepath.Join(r.dir, ip), log: &log{}, done: make(chan struct{}), address: ip + ":8443", exposed: ip + ":8080"}
	r.mount(t, p)
	container := r.container(t)
	args := arguments(container, p.dir)
	for i := range args {
		args[i] = strings.Replace(args[i], "=:", "="+ip+":", 1)
	}
	p.command = exec.Command(mlpolicy(), args...)
	p.command.Env = []string{}
	for _, variable := range container.Env {
		p.command.Env = append(p.command.Env, variable.Name+"="+variable.Value)
	}
	p.command.Dir, p.command.Stdout, p.command.Stderr = p.dir, p.log, p.log
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.command.Wait() // what came of it is in ProcessState
		close(p.done)
	}()
	r.lock.Lock()
	r.started = append(r.started, p)
	r.lock.Unlock()
	return p
}

// arguments are those of a container whose volumes are below a folder.
func arguments(container corev1.Container, dir string) (args []string) {
	for _, arg := range container.Args {
		for _, mount := range container.VolumeMounts {
			arg = strings.Replace(arg, mount.MountPath, filepath.Join(dir, mount.Name), 1)
		}
		args = append(args, arg)
	}
	return args
}

func (r *release) container(t *testing.T) corev1.Container {
	t.Helper()
	containers := r.deployment(t).Spec.Template.Spec.Containers
	if len(containers) != 1 {
		t.Fatalf("the webhook has %d containers", len(containers))
	}
	return containers[0]
}

// waitReady waits until the probe of readiness succeeds, as the others do then.
func (r *release) waitReady(t *testing.T, p *pod) {
	t.Helper()
	container := r.container(t)
	eventually(t, "a webhook that is ready", func() bool {
		select {
		case <-p.done:
			t.Fatalf("the webhook ended with exit code %d\n%s", p.command.ProcessState.ExitCode(), p.log.tail())
		default:
		}
		status, err := r.probed(t, p, container, container.ReadinessProbe)
		return err == nil && status == http.StatusOK
	})
	for _, probe := range []*corev1.Probe{container.StartupProbe, container.LivenessProbe} {
		if status, err := r.probed(t, p, container, probe); err != nil || status != http.StatusOK {
			t.Errorf("a webhook that is ready answers %s with status %d: %v", probe.HTTPGet.Path, status, err)
		}
	}
}

// probed asks a pod as a kubelet does by a probe of its container, whatever its certificate is. The
// error is of one that cannot be reached.
func (r *release) probed(t *testing.T, p *pod, container corev1.Container, probe *corev1.Probe) (status int, err error) {
	t.Helper()
	if probe == nil || probe.HTTPGet == nil {
		t.Fatal("the container lacks a probe by HTTP")
	}
	get := probe.HTTPGet
	port := get.Port.IntVal
	for _, each := range container.Ports {
		if each.Name == get.Port.StrVal {
			port = each.ContainerPort
		}
	}
	ip, _, err := net.SplitHostPort(p.address)
	if err != nil {
		t.Fatal(err)
	}
	client := r.client()
	client.Transport.(*http.Transport).TLSClientConfig.InsecureSkipVerify = true
	response, err := client.Get(fmt.Sprintf("%s://%s:%d%s", strings.ToLower(string(get.Scheme)), ip, port, get.Path))
	if err != nil {
		return 0, err
	}
	response.Body.Close()
	return response.StatusCode, nil
}

// client knows the webhook as the API server does.
func (r *release) client() *http.Client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(r.authority.pem))
	return &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: roots, ServerName: r.host(), MinVersion: tls.VersionTLS12},
	}}
}

// mount writes the volumes of the Deployment's template, as a kubelet does: what changes is
// swapped by one link.
func (r *release) mount(t *testing.T, p *pod) {
	t.Helper()
	mount(t, r.namespace, p.dir, r.deployment(t).Spec.Template.Spec)
}

// mount writes the volumes of a pod in a namespace below a folder.
func mount(t *testing.T, ns, dir string, spec corev1.PodSpec) {
	t.Helper()
	configMap := func(name string) map[string][]byte {
		object, err := shared.client.CoreV1().ConfigMaps(ns).Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		content := map[string][]byte{}
		for key, text := range object.Data {
			content[key] = []byte(text)
		}
		return content
	}
	for _, volume := range spec.Volumes {
		content := map[string][]byte{}
		var items []corev1.KeyToPath
		switch {
		case volume.ConfigMap != nil:
			content, items = configMap(volume.ConfigMap.Name), volume.ConfigMap.Items
		case volume.Secret != nil:
			object, err := shared.client.CoreV1().Secrets(ns).Get(t.Context(), volume.Secret.SecretName, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			content, items = object.Data, volume.Secret.Items
		case volume.Projected != nil:
			for _, source := range volume.Projected.Sources {
				switch {
				case source.ServiceAccountToken != nil:
					request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: source.ServiceAccountToken.ExpirationSeconds}}
					got, err := shared.client.CoreV1().ServiceAccounts(ns).CreateToken(t.Context(), spec.ServiceAccountName, request, metav1.CreateOptions{})
					if err != nil {
						t.Fatal(err)
					}
					content["token"] = []byte(got.Status.Token)
					items = append(items, corev1.KeyToPath{Key: "token", Path: source.ServiceAccountToken.Path})
				case source.ConfigMap != nil:
					maps.Copy(content, configMap(source.ConfigMap.Name))
					items = append(items, source.ConfigMap.Items...)
				default:
					t.Fatalf("volume %s has an unknown source", volume.Name)
				}
			}
		default:
			t.Fatalf("volume %s is of an unknown kind", volume.Name)
		}
		if err := project(filepath.Join(dir, volume.Name), content, items); err != nil {
			t.Fatal(err)
		}
	}
}

// project writes items of content below a folder.
func project(dir string, content map[string][]byte, items []corev1.KeyToPath) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	version, err := os.MkdirTemp(dir, "..version-")
	if err != nil {
		return err
	}
	for _, item := range items {
		data, ok := content[item.Key]
		if !ok {
			return fmt.Errorf("%s has no key %s", dir, item.Key)
		}
		file := filepath.Join(version, item.Path)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			return err
		}
	}
	// A folder is linked by its first part.
	for _, item := range items {
		first, _, _ := strings.Cut(item.Path, "/")
		if err := os.Symlink(filepath.Join("..data", first), filepath.Join(dir, first)); err != nil && !os.IsExist(err) {
			return err
		}
	}
	fresh := filepath.Join(dir, "..data_tmp")
	if err := os.Symlink(filepath.Base(version), fresh); err != nil {
		return err
	}
	return os.Rename(fresh, filepath.Join(dir, "..data"))
}

// stop ends a pod by the signal that a kubelet sends, and returns its exit code.
func (p *pod) stop(t *testing.T) int {
	t.Helper()
	p.ended.Store(true)
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Errorf("the webhook has not ended %s after the signal", patience)
		p.kill()
	}
	return p.command.ProcessState.ExitCode()
}

// kill ends a pod at once, and waits until it is no more.
func (p *pod) kill() {
	p.ended.Store(true)
	_ = p.command.Process.Kill() // it may have ended
	<-p.done
}

func (p *pod) metrics(t *testing.T) series {
	t.Helper()
	response, err := http.Get("http://" + p.exposed + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return parseSeries(t, string(body))
}

// log is what a process writes.
type log struct {
	lock sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.String()
}

// tail is the end of the log.
func (l *log) tail() string {
	const most = 4 << 10
	text := l.String()
	return text[max(0, len(text)-most):]
}
