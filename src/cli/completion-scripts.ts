import type { SHELLS } from "./completion-shells.ts";
import type { CommandRow, Value, Flag } from "./completion-table.ts";

/** A script that makes a shell complete the program's commands and flags. */
export function completionScript(
  shell: (typeof SHELLS)[number],
  table: readonly CommandRow[],
): string {
  switch (shell) {
    case "bash":
      return bash(table);
    case "zsh":
      return zsh(table);
    case "fish":
      return fish(table);
  }
}

const TOP_FLAGS: readonly (readonly [string, string, string])[] = [
  ["help", "h", "show what there is"],
  ["version", "V", "show the version"],
];

function bash(table: readonly CommandRow[]): string {
  const give = (value: Value | undefined): string => {
    switch (value?.kind) {
      case "folder":
        return "__simple_ftp_files -d";
      case "file":
        return "__simple_ftp_files -f";
      case "server":
        return '__simple_ftp_words "$("$1" completion --servers 2>/dev/null)"';
      case "words":
        return `__simple_ftp_words "${value.words.join(" ")}"`;
      default:
        return ":";
    }
  };
  const valued = ({ flags }: CommandRow): string[] =>
    flags
      .filter(({ value }) => value !== undefined)
      .map(({ long, short, value }) => {
        const names = [`--${long}`, ...(short === undefined ? [] : [`-${short}`])];
        return `        ${names.join("|")}) ${give(value)}; return ;;`;
      });
  const commands = table.map((row) => {
    const flags = row.flags.map(({ long }) => `--${long}`).join(" ");
    const values = valued(row);
    return [
      `    ${row.name})`,
      ...(values.length === 0 ? [] : ['      case "$3" in', ...values, "      esac"]),
      `      if [[ "$2" == -* ]]; then __simple_ftp_words "${flags}"`,
      `      else`,
      `        case "$(__simple_ftp_count ${takers(row)})" in`,
      ...row.words.map((word, index) => `          ${index}) ${give(word)} ;;`),
      "          *) : ;;",
      "        esac",
      "      fi ;;",
    ].join("\n");
  });
  const first = [...table.map(({ name }) => name), ...TOP_FLAGS.map(([long]) => `--${long}`)];
  return `# Completes sftp in bash: eval "$(sftp completion bash)"
__simple_ftp_words() {
  local word
  COMPREPLY=()
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$1" -- "$__simple_ftp_word")
}

__simple_ftp_files() {
  local word
  COMPREPLY=()
  compopt -o filenames 2>/dev/null
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$1" -- "$__simple_ftp_word")
}

# How many words stand before the cursor that are no flags, nor the values of these.
__simple_ftp_count() {
  local count=0 index word
  for ((index = 2; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    if [[ " $* " == *" $word "* ]]; then ((index++))
    elif [[ "$word" != -* ]]; then ((count++))
    fi
  done
  echo "$count"
}

_simple_ftp() {
  local __simple_ftp_word="$2"
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    __simple_ftp_words "${first.join(" ")}"
    return
  fi
  case "\${COMP_WORDS[1]}" in
${commands.join("\n")}
  esac
}

complete -F _simple_ftp sftp
`;
}

/** The flags of a command that a value stands behind. */
function takers({ flags }: CommandRow): string {
  return flags
    .filter(({ value }) => value !== undefined)
    .map(({ long, short }) => (short === undefined ? `--${long}` : `--${long} -${short}`))
    .join(" ");
}

function zsh(table: readonly CommandRow[]): string {
  const action = (value: Value): string => {
    switch (value.kind) {
      case "folder":
        return "_files -/";
      case "file":
        return "_files";
      case "server":
        return "__simple_ftp_servers";
      case "words":
        return `(${value.words.join(" ")})`;
      case "other":
        return " ";
    }
  };
  const text = (words: string): string => words.replace(/[[\]:\\]/g, "\\$&");
  const specOf = ({ long, short, description, value, hint }: Flag): string[] => {
    const behind = value === undefined ? "" : `:${hint}:${action(value)}`;
    const described = `[${text(description)}]${behind}`;
    return [
      quote(`*--${long}${described}`),
      ...(short === undefined ? [] : [quote(`*-${short}${described}`)]),
    ];
  };
  const commands = table.map(({ name, flags, words }) => {
    const specs = [
      ...flags.flatMap(specOf),
      ...words.map((word, index) => quote(`${index + 1}: :${action(word)}`)),
    ];
    return `    ${name}) _arguments -s \\\n      ${specs.join(" \\\n      ")} ;;`;
  });
  const names = table.map(({ name, description }) => quote(`${name}:${text(description)}`));
  return `#compdef sftp
# Completes sftp in zsh: source <(sftp completion zsh), behind compinit
__simple_ftp_servers() {
  local -a servers
  servers=(\${(f)"$($__simple_ftp_program completion --servers 2>/dev/null)"})
  compadd -a servers
}

_simple_ftp() {
  local __simple_ftp_program=\${(Q)words[1]}
  if (( CURRENT == 2 )); then
    local -a commands
    commands=(${names.join(" ")})
    _describe command commands
    compadd -- ${TOP_FLAGS.map(([long]) => `--${long}`).join(" ")}
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${commands.join("\n")}
  esac
}

if [[ $funcstack[1] == _sftp ]]; then _simple_ftp "$@"; else compdef _simple_ftp sftp; fi
`;
}

function fish(table: readonly CommandRow[]): string {
  const give = (value: Value): string => {
    switch (value.kind) {
      case "folder":
        return ` -x -a ${quote("(__fish_complete_directories)")}`;
      case "file":
        return " -r -F";
      case "server":
        return ` -x -a ${quote("(sftp completion --servers 2>/dev/null)")}`;
      case "words":
        return ` -x -a ${quote(value.words.join(" "))}`;
      case "other":
        return " -x";
    }
  };
  const lines = table.flatMap(({ name, description, flags, words }) => {
    const when = `complete -c sftp -n ${quote(`__simple_ftp_in ${name}`)}`;
    const [first] = words;
    return [
      `complete -c sftp -n __simple_ftp_first -a ${name} -d ${quote(description)}`,
      ...flags.map(({ long, short, description: means, value }) => {
        const letter = short === undefined ? "" : ` -s ${short}`;
        const given = value === undefined ? "" : give(value);
        return `${when} -l ${long}${letter}${given} -d ${quote(means)}`;
      }),
      ...(first === undefined || first.kind === "other"
        ? []
        : [`${when}${give(first).replace(" -x", "")}`]),
    ];
  });
  const top = TOP_FLAGS.map(
    ([long, short, means]) =>
      `complete -c sftp -n __simple_ftp_first -l ${long} -s ${short} -d ${quote(means)}`,
  );
  return `# Completes sftp in fish: sftp completion fish | source
function __simple_ftp_first
  test (count (commandline -opc)) -eq 1
end

function __simple_ftp_in
  set -l words (commandline -opc)
  test (count $words) -gt 1; and test $words[2] = $argv[1]
end

complete -c sftp -e
complete -c sftp -f
${[...top, ...lines].join("\n")}
`;
}

/** A word as sh, zsh and fish read it. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
