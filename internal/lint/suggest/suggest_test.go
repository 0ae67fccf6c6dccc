package suggest

import "testing"

func TestNearest(t *testing.T) {
	names := []string{"text", "json", "gpu-web-service", "gpu-batch-scoring", "memory"}
	for name, want := range map[string]string{
		"jsn": "json", "josn": "json", "JSON": "json", "xml": "", "gpu_web_service": "gpu-web-service",
		"gpu-web": "gpu-web-service", "gpu-": "", "memroy": "memory", "": "", "x": "", "sarif": "",
	} {
		if got := Nearest(name, names); got != want {
			t.Errorf("nearest of %q is %q, want %q", name, got, want)
		}
	}
}

// Words that other programs use come before words that are spelt alike.
func TestNearestKnowsSynonyms(t *testing.T) {
	tests := []struct {
		name  string
		names []string
		want  string
	}{
		{"none", []string{"error", "warning", "note", "never"}, "never"},
		{"None", []string{"error", "warning", "note", "off"}, "off"},
		{"off", []string{"error", "warning", "note", "never"}, "never"},
		{"info", []string{"error", "warning", "note", "never"}, "note"},
		{"critical", []string{"error", "warning", "note"}, "error"},
		{"none", []string{"text", "json"}, ""},
	}
	for _, test := range tests {
		if got := Nearest(test.name, test.names); got != test.want {
			t.Errorf("nearest of %q in %q is %q, want %q", test.name, test.names, got, test.want)
		}
	}
}
