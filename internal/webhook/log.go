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
}

func (l decisionLog) decided(r *http.Request, request *admissionv1.AdmissionRequest, d *Decision, duration time.Duration) {
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
		var spared []string
		for _, each := range d.Spared {
			spared = append(spared, each.Rule+" "+string(each.Why))
		}
		attributes = append(attributes, slog.Any("spared", spared))
	}
	l.LogAttrs(r.Context(), slog.LevelInfo, "review", append(attributes, trace(r)...)...)
}

// maxSaid bounds in characters what a request says of itself. Names of Kubernetes have 253.
const maxSaid = 512

// said is what a request says of itself: whoever reaches the port can say anything.
func said(key, text string) slog.Attr { return slog.String(key, short(text, maxSaid)) }

func (l decisionLog) failed(r *http.Request, code int, err error) {
	level := slog.LevelWarn
	if code >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	l.LogAttrs(r.Context(), level, "no verdict", append([]slog.Attr{slog.Int("code", code), slog.String("error", short(err.Error(), maxLine)), slog.String("from", r.RemoteAddr)}, trace(r)...)...)
}

func (l decisionLog) panicked(r *http.Request, fault any, stack []byte) {
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
