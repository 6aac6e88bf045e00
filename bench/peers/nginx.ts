import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../scripts/support/free-port.ts";
import { certificateIn } from "../certificate.ts";
import { serve, without, type Peer } from "../peer.ts";

/** nginx with sendfile, which verifies nothing, with curl. */
export const nginx: Peer = peer("nginx + curl", false);
export const nginxTls: Peer = peer("nginx + curl (TLS)", true);

function peer(name: string, tls: boolean): Peer {
  return {
    name,
    missing: () => without("nginx", "curl", ...(tls ? ["openssl"] : [])),
    async start(ground) {
      const port = await freePort(0);
      const folder = ground.folder(tls ? "nginx-tls" : "nginx");
      const { key, certificate } = tls ? certificateIn(folder) : { key: "", certificate: "" };
      const config = join(folder, "nginx.conf");
      writeFileSync(
        config,
        `daemon off; worker_processes 1; pid ${folder}/pid; error_log /dev/null;
${process.getuid?.() === 0 ? "user root;" : ""}
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join(" ")}
  server {
    listen 127.0.0.1:${port}${tls ? " ssl" : ""};
    ${tls ? `ssl_certificate ${certificate}; ssl_certificate_key ${key}; ssl_protocols TLSv1.3;` : ""}
    root ${ground.served};
  }
}
`,
      );
      const started = await serve(["nginx", "-p", folder, "-c", config], port);
      const url = `${tls ? "https" : "http"}://127.0.0.1:${port}`;
      return {
        ...started,
        port,
        getFile: (remote, local) => ({
          argv: ["curl", "-sSf", ...(tls ? ["-k"] : []), "-o", local, `${url}/${remote}`],
        }),
      };
    },
  };
}
