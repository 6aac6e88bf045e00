const SYSTEMS: Readonly<Record<string, string>> = { darwin: "macos", win32: "windows" };

/** This system as it stands in the names of executables: `linux-x64`. */
export function systemName(): string {
  return `${SYSTEMS[process.platform] ?? process.platform}-${process.arch}`;
}

/** The executable's name within `bin/`. */
export function executableName(): string {
  return `sftp-${systemName()}${process.platform === "win32" ? ".exe" : ""}`;
}

const PROGRAM_SH = `here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 1
case "$(uname -s)" in
  Linux) system=linux ;;
  Darwin) system=macos ;;
  *) system=$(uname -s) ;;
esac
case "$(uname -m)" in
  x86_64 | amd64) system=$system-x64 ;;
  aarch64 | arm64) system=$system-arm64 ;;
  *) system=$system-$(uname -m) ;;
esac
program=$here/source/dist/sftp
[ -f "$program" ] || program=$here/bin/sftp-$system
if [ ! -f "$program" ]; then
  echo "There is no program for this system ($system) in $here/bin." >&2
  echo "Build it with Node and npm, or with Bun, and start this again:" >&2
  echo "  cd '$here/source' && npm run build      (or: bun run build)" >&2
  exit 1
fi
# Some programs that unpack archives forget what can be run.
[ -x "$program" ] || chmod +x "$program"
`;

const SERVER_SH = `#!/bin/sh
# Serves the folder server/ beside this file: ./server.sh [PORT]
${PROGRAM_SH}
case "\${1:-}" in
  '' | -*) ;;
  *)
    port=$1
    shift
    set -- --port "$port" "$@"
    ;;
esac
exec "$program" serve --root "$here/server" "$@"
`;

const CLIENT_SH = `#!/bin/sh
# Starts the client on the folder client/ beside this file: ./client.sh [ADDRESS]
${PROGRAM_SH}
exec "$program" connect --root "$here/client" "$@"
`;

const PROGRAM_CMD = `setlocal
set "HERE=%~dp0"
set "SYSTEM=windows-x64"
if /i "%PROCESSOR_ARCHITECTURE%"=="ARM64" set "SYSTEM=windows-arm64"
set "PROGRAM=%HERE%source\\dist\\sftp.exe"
if not exist "%PROGRAM%" set "PROGRAM=%HERE%bin\\sftp-%SYSTEM%.exe"
if not exist "%PROGRAM%" goto missing
`;

const MISSING_CMD = `:missing
echo There is no program for this system (%SYSTEM%) in "%HERE%bin". 1>&2
echo Build it with Node and npm, or with Bun, and start this again: 1>&2
echo   cd /d "%HERE%source" ^&^& npm run build      (or: bun run build) 1>&2
pause
exit /b 1
`;

const SERVER_CMD = `@echo off
rem Serves the folder server beside this file: server.cmd [PORT]
${PROGRAM_CMD}
set "PORT=%~1"
if "%PORT%"=="" set "PORT=12000"
"%PROGRAM%" serve --root "%HERE%server" --port "%PORT%"
exit /b %ERRORLEVEL%

${MISSING_CMD}`;

const CLIENT_CMD = `@echo off
rem Starts the client on the folder client beside this file: client.cmd [ADDRESS]
${PROGRAM_CMD}
"%PROGRAM%" connect --root "%HERE%client" %*
exit /b %ERRORLEVEL%

${MISSING_CMD}`;

/** What starts the two programs, by name. */
export const LAUNCHERS: Readonly<Record<string, string>> = {
  "server.sh": SERVER_SH,
  "client.sh": CLIENT_SH,
  "server.cmd": SERVER_CMD.replaceAll("\n", "\r\n"),
  "client.cmd": CLIENT_CMD.replaceAll("\n", "\r\n"),
};
