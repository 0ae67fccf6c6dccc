package webhook

import (
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"sync"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
)

// decisionLog writes what was decided, and never what is in an object.
type decisionLog struct {
	*slog.Logger
	allowed bool // write down what is allowed without a word, too

	lock   sync.Mutex
	turned int       // reviews away since the last line about it
	told   time.Time // when that was
}

func (l *decisionLog) decided(r *http.Request, request *admissionv1.AdmissionRequest, d *Decision, duration time.Duration) {
	if d.Verdict == Allowed && !l.allowed {
		return
	}
	attributes := []slog.Attr{
		said("uid", string(request.UID)),
		slog.String("verdict", string(d.Verdict)),
		slog.Any("rules", d.Rules),
		said("operation", string(request.Operation)),
		said("group", request.Kind.Group),
		said("version", request.Kind.Version),
		said("kind", request.Kind.Kind),
		said("namespace", request.Namespace),
		said("name", request.Name),
		said("user", request.UserInfo.Username),
		slog.Bool("dry_run", request.DryRun != nil && *request.DryRun),
		slog.Float64("duration_ms", float64(duration.Microseconds())/1000),
	}
	if request.SubResource != "" {
		attributes = append(attributes, said("subresource", request.SubResource))
	}
	if len(d.Spared) > 0 {
		attributes = append(attributes, slog.Any("spared", d.sparedLines()))
	}
	l.LogAttrs(r.Context(), slog.LevelInfo, "review", append(attributes, trace(r)...)...)
}

// sparedLines tells each rule and why, with a number where there are several.
func (d *Decision) sparedLines() []string {
	count := map[SparedError]int{}
	var each []SparedError
	for _, spared := range d.Spared {
		if count[spared]++; count[spared] == 1 {
			each = append(each, spared)
		}
	}
	lines := make([]string, len(each))
	for i, spared := range each {
		lines[i] = spared.Rule + " " + string(spared.Why)
		if count[spared] > 1 {
			lines[i] += fmt.Sprintf(" (%d)", count[spared])
		}
	}
	return lines
}

// shedInterval is the time between lines about reviews that are turned away: a flood is
// not to be written down one by one.
const shedInterval = time.Second

// shed tells how many reviews were turned away, which are then what failurePolicy says.
func (l *decisionLog) shed(r *http.Request) {
	l.lock.Lock()
	l.turned++
	turned, due := l.turned, time.Since(l.told) >= shedInterval
	if due {
		l.turned, l.told = 0, time.Now()
	}
	l.lock.Unlock()
	if due {
		l.LogAttrs(r.Context(), slog.LevelWarn, "reviews turned away: too many at once", slog.Int("reviews", turned), slog.String("from", r.RemoteAddr))
	}
}

// maxSaid bounds in characters what a request says of itself. Names of Kubernetes have 253.
const maxSaid = 512

// said is what a request says of itself: whoever reaches the port can say anything.
func said(key, text string) slog.Attr { return slog.String(key, short(text, maxSaid)) }

func (l *decisionLog) failed(r *http.Request, code int, err error) {
	level := slog.LevelWarn
	if code >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	l.LogAttrs(r.Context(), level, "no verdict", append([]slog.Attr{slog.Int("code", code), slog.String("error", short(err.Error(), maxLine)), slog.String("from", r.RemoteAddr)}, trace(r)...)...)
}

func (l *decisionLog) panicked(r *http.Request, fault any, stack []byte) {
	l.LogAttrs(r.Context(), slog.LevelError, "panic", append([]slog.Attr{slog.String("fault", fmt.Sprint(fault)), slog.String("stack", string(stack))}, trace(r)...)...)
}

// traceparent matches the header of https://www.w3.org/TR/trace-context.
var traceparent = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$`)
})

// trace carries the trace that the API server is in.
func trace(r *http.Request) []slog.Attr {
	match := traceparent().FindStringSubmatch(r.Header.Get("Traceparent"))
	if match == nil {
		return nil
	}
	return []slog.Attr{slog.String("trace_id", match[1]), slog.String("span_id", match[2])}
}
