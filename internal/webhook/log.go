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
	allowed bool // also log reviews that were allowed without a warning

	lock     sync.Mutex
	shedding bool   // a line about shed reviews was written less than shedInterval ago
	unlogged int    // reviews shed since that line
	from     string // address of the client of the last one
}

func (l *decisionLog) decided(r *http.Request, request *admissionv1.AdmissionRequest, d *Decision, duration time.Duration) {
	if d.Verdict == Allowed && d.Failed == nil && !l.allowed {
		return
	}
	attributes := []slog.Attr{
		clientString("uid", string(request.UID)),
		slog.String("verdict", string(d.Verdict)),
		slog.Any("rules", d.Rules),
		clientString("operation", string(request.Operation)),
		clientString("group", request.Kind.Group),
		clientString("version", request.Kind.Version),
		clientString("kind", request.Kind.Kind),
		clientString("namespace", request.Namespace),
		clientString("name", request.Name),
		clientString("user", request.UserInfo.Username),
		slog.Bool("dry_run", request.DryRun != nil && *request.DryRun),
		slog.Float64("duration_ms", float64(duration.Microseconds())/1000),
	}
	if request.SubResource != "" {
		attributes = append(attributes, clientString("subresource", request.SubResource))
	}
	if len(d.Exempted) > 0 {
		attributes = append(attributes, slog.Any("exempted", d.exemptedLines()))
	}
	level := slog.LevelInfo
	if d.Failed != nil {
		level = slog.LevelError
		attributes = append(attributes, slog.String("failed", truncate(d.Failed.Error(), maxLine)))
	}
	l.LogAttrs(r.Context(), level, "review", append(attributes, trace(r)...)...)
}

// exemptedLines are rule and reason of each exempted error, with a number where there are several.
func (d *Decision) exemptedLines() []string {
	count := map[ExemptedError]int{}
	var each []ExemptedError
	for _, exempted := range d.Exempted {
		if count[exempted]++; count[exempted] == 1 {
			each = append(each, exempted)
		}
	}
	lines := make([]string, len(each))
	for i, exempted := range each {
		lines[i] = exempted.Rule + " " + string(exempted.Reason)
		if count[exempted] > 1 {
			lines[i] += fmt.Sprintf(" (%d)", count[exempted])
		}
	}
	return lines
}

// shedInterval is the least time between two lines about shed reviews.
const shedInterval = time.Second

// shed counts a review that was shed. The first is logged at once, those of the next
// shedInterval together at its end.
func (l *decisionLog) shed(r *http.Request) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.unlogged++
	l.from = r.RemoteAddr
	if !l.shedding {
		l.flush()
	}
}

// flush logs the reviews shed since the last line. The caller holds the lock.
func (l *decisionLog) flush() {
	if l.shedding = l.unlogged > 0; !l.shedding {
		return
	}
	l.Warn("reviews shed: too many in flight", "reviews", l.unlogged, "from", l.from)
	l.unlogged = 0
	time.AfterFunc(shedInterval, func() {
		l.lock.Lock()
		defer l.lock.Unlock()
		l.flush()
	})
}

// maxClientString bounds in characters what a request states. Names in Kubernetes have at
// most 253.
const maxClientString = 512

// clientString is a string of a request, which anybody who reaches the port can choose.
func clientString(key, text string) slog.Attr {
	return slog.String(key, truncate(text, maxClientString))
}

// gone notes that nobody waits for the answer any more, as when a user interrupts kubectl.
func (l *decisionLog) gone(r *http.Request) {
	l.LogAttrs(r.Context(), slog.LevelInfo, "client went away", append([]slog.Attr{slog.String("from", r.RemoteAddr)}, trace(r)...)...)
}

func (l *decisionLog) failed(r *http.Request, code int, err error) {
	level := slog.LevelWarn
	if code >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	l.LogAttrs(r.Context(), level, "no verdict", append([]slog.Attr{slog.Int("code", code), slog.String("error", truncate(err.Error(), maxLine)), slog.String("from", r.RemoteAddr)}, trace(r)...)...)
}

func (l *decisionLog) panicked(r *http.Request, fault any, stack []byte) {
	l.LogAttrs(r.Context(), slog.LevelError, "panic", append([]slog.Attr{slog.String("fault", fmt.Sprint(fault)), slog.String("stack", string(stack))}, trace(r)...)...)
}

// traceparent matches the header of https://www.w3.org/TR/trace-context.
var traceparent = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$`)
})

// trace identifies the API server's trace that the request belongs to.
func trace(r *http.Request) []slog.Attr {
	match := traceparent().FindStringSubmatch(r.Header.Get("Traceparent"))
	if match == nil {
		return nil
	}
	return []slog.Attr{slog.String("trace_id", match[1]), slog.String("span_id", match[2])}
}
