resource "kubernetes_deployment" "score" {
  metadata {
    name      = "score"
    namespace = "ml"
    labels    = { app = "score" }
  }
  spec {
    replicas = var.replicas
    template {
      metadata {
        labels = { app = "score" }
      }
      spec {
        node_selector = { "kubernetes.azure.com/agentpool" = "gpu" }
        container {
          name  = "score"
          image = "registry.example.com/score:2"
          resources {
            limits = {
              "nvidia.com/gpu" = 1
              memory           = "64Gi"
              cpu              = "4"
            }
            requests = {
              memory = var.unknown
            }
          }
        }
        init_container {
          name  = "fetch"
          image = "registry.example.com/fetch:2"
          resources {
            requests {
              memory = "2Gi"
            }
          }
        }
      }
    }
  }
}

resource "kubernetes_stateful_set_v1" "dynamic" {
  metadata {
    name = "dynamic"
  }
  spec {
    template {
      spec {
        container {
          image = "acme/score:1"
          resources {
            limits = var.unknown
            requests = {
              cpu    = "500m"
              memory = "1Gi"
            }
          }
        }
        dynamic "container" {
          for_each = var.unknown
          content {
            image = "acme/sidecar:1"
          }
        }
        toleration {
          key      = "kubernetes.azure.com/scalesetpriority"
          operator = "Exists"
        }
        dynamic "toleration" {
          for_each = var.unknown
          content {
            key = toleration.value
          }
        }
      }
    }
  }
}

resource "kubernetes_pod" "requests" {
  metadata {
    name = "requests"
  }
  spec {
    restart_policy = var.unknown
    container {
      image = "vllm/vllm-openai:v0.9.0"
      resources {
        requests = var.unknown
        limits   = { memory = "64Gi", "nvidia.com/gpu" = "1" }
      }
    }
  }
}

resource "kubernetes_manifest" "object" {
  manifest = {
    apiVersion = "apps/v1"
    kind       = "Deployment"
    metadata   = { name = "object", namespace = var.unknown }
    spec = {
      replicas = 2
      template = {
        spec = {
          containers = [{
            name      = "score"
            image     = "acme/score:${var.unknown}"
            resources = { limits = { "nvidia.com/gpu" = 1, memory = var.unknown } }
          }]
        }
      }
    }
  }
}

resource "kubernetes_manifest" "text" {
  manifest = yamldecode(<<-YAML
    apiVersion: batch/v1
    kind: Job
    metadata: {name: text}
    spec:
      template:
        spec:
          containers:
          - {name: score, image: "acme/score:1", resources: {requests: {memory: ${var.replicas}Gi}}}
  YAML
  )
}

resource "kubernetes_manifest" "file" {
  manifest = yamldecode(file("deployment.yaml"))
}

resource "kubectl_manifest" "literal" {
  yaml_body = <<YAML
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: literal
spec:
  predictor:
    model:
      modelFormat: {name: sklearn}
      storageUri: pvc://models/x
      resources:
        limits: {nvidia.com/gpu: 2, memory: ${var.unknown}}
YAML
}

resource "kubectl_manifest" "encoded" {
  yaml_body = yamlencode({
    apiVersion = "v1"
    kind       = "Pod"
    metadata   = { name = "encoded" }
    spec       = { containers = [{ name = "x", image = "acme/x:1", resources = { limits = { memory = "1Gi" } } }] }
  })
}

resource "kubectl_manifest" "each" {
  for_each  = data.kubectl_file_documents.all.manifests
  yaml_body = each.value
}

variable "replicas" { default = 3 }
variable "unknown" {}
