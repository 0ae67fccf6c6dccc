package e2e

import (
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// answer is what comes of a post.
type answer struct {
	code int
	text string
	err  error
}

// halfway posts a review of which the second half is sent by finish.
func (r *release) halfway(t *testing.T, p *pod) (finish func(), answered chan answer) {
	t.Helper()
	body := reviewOf(podOf(1))
	reader, writer := io.Pipe()
	answered = make(chan answer, 1)
	go func() {
		code, text, err := r.post(p, reader, len(body))
		answered <- answer{code, text, err}
	}()
	if _, err := io.WriteString(writer, body[:len(body)/2]); err != nil {
		t.Fatal(err)
	}
	return func() {
		_, _ = io.WriteString(writer, body[len(body)/2:]) // what came of it is the answer
		writer.Close()
	}, answered
}

// terminate sends the signal that a kubelet sends.
func (p *pod) terminate(t *testing.T) {
	t.Helper()
	p.ended.Store(true)
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// logs are the messages of a pod's log from the first that has a text on.
func (p *pod) logs(t *testing.T, from string) string {
	t.Helper()
	_, rest, found := strings.Cut(p.log.String(), from)
	if !found {
		t.Fatalf("nothing is logged of %q:\n%s", from, p.log)
	}
	return rest
}

func draining(delay time.Duration) values {
	return values{"mode": "enforce", "extraArgs": []string{}, "shutdownDelaySeconds": int(delay.Seconds())}
}

// A review that is under way when the pod is to end is answered, also where nobody can connect
// any more.
func TestDrainAnswersTheLastReview(t *testing.T) {
	r := install(t, draining(time.Second))
	p, container := r.running()[0], r.container(t)
	finish, answered := r.halfway(t, p)
	p.terminate(t)
	eventually(t, "a webhook that says it is not ready", func() bool {
		status, err := r.probed(t, p, container, container.ReadinessProbe)
		if err != nil {
			t.Fatal(err)
		}
		return status == http.StatusServiceUnavailable
	})
	eventually(t, "a webhook that takes no more connections", func() bool {
		_, err := r.probed(t, p, container, container.ReadinessProbe)
		return err != nil
	})
	finish()
	if got := <-answered; got.err != nil || got.code != 200 || !strings.Contains(got.text, `"allowed":false`) {
		t.Errorf("status %d, %v: %s", got.code, got.err, got.text)
	}
	<-p.done
	if code := p.command.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	said := p.logs(t, `"msg":"shutting down","delay":"1s"`)
	if lines := strings.Split(strings.TrimSpace(said), "\n"); len(lines) != 3 || !strings.Contains(lines[1], `"msg":"review"`) || !strings.Contains(lines[2], `"msg":"stopped; every review was answered"`) {
		t.Errorf("after the signal it says %s", said)
	}
}

// Who sends the signal twice does not want to wait.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	r := install(t, draining(time.Hour))
	p := r.running()[0]
	finish, answered := r.halfway(t, p)
	p.terminate(t)
	eventually(t, "a webhook that is shutting down", func() bool { return strings.Contains(p.log.String(), "shutting down") })
	p.terminate(t)
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Fatal("it goes on")
	}
	status := p.command.ProcessState.Sys().(syscall.WaitStatus)
	if !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %s", p.command.ProcessState)
	}
	if finish(); (<-answered).err == nil {
		t.Error("half a review was answered")
	}
}
