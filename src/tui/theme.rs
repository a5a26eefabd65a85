//! What things look like: a style for each role, from `assets/themes/*.toml`, and the glyphs that panes are drawn with.
//!
//! Sixteen ANSI colours on the terminal's own background: whoever chose a palette keeps it. Nothing is told by colour alone;
//! the theme `none` has no colour and must be as good to read.

use crate::config::reader::{Document, did_you_mean};
use crate::error::{Error, Result};
use ratatui::style::{Color, Modifier, Style};

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident $key:literal;)*) => {
        /// What a piece of text is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Role { $($(#[$doc])* $name,)* }

        impl Role {
            /// Every role.
            pub const ALL: &[Role] = &[$(Role::$name,)*];

            /// Its name in a theme's file.
            #[must_use]
            pub fn key(self) -> &'static str {
                match self { $(Role::$name => $key,)* }
            }
        }
    };
}

roles! {
    /// Whatever is nothing else.
    Text "text";
    /// What is there to be looked up, not to be read.
    Quiet "quiet";
    /// What is read first.
    Strong "strong";
    /// The one colour.
    Accent "accent";
    /// The title of a pane.
    Title "title";
    /// The title of the pane that keys go to.
    TitleFocus "title_focus";
    /// The row that the cursor is on.
    Cursor "cursor";
    /// The same in a pane that keys do not go to.
    CursorIdle "cursor_idle";
    /// What is chosen of several.
    Chosen "chosen";
    /// Somebody may lose something, or it failed.
    Bad "bad";
    /// Somebody has to look.
    Warn "warn";
    /// It is as it should be.
    Good "good";
    /// A key.
    Key "key";
    /// What fits a search.
    Match "match";
    /// The name of a field.
    Field "field";
}

/// The themes that are built in.
const BUILT_IN: [(&str, &str); 4] = [
    ("dark", include_str!("../../assets/themes/dark.toml")),
    ("light", include_str!("../../assets/themes/light.toml")),
    ("high-contrast", include_str!("../../assets/themes/high-contrast.toml")),
    ("none", include_str!("../../assets/themes/none.toml")),
];

/// With which characters lines are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Glyphs {
    /// Lines, arrows and dots of Unicode.
    #[default]
    Lines,
    /// ASCII only, in what is ours; names of people stay as they are.
    Ascii,
}

impl Glyphs {
    /// The sign of the match rule: people and accounts are paired by that field.
    #[must_use]
    pub fn match_rule(self) -> &'static str {
        if self == Glyphs::Ascii { "<>" } else { "◆" }
    }

    /// The sign of the line that the cursor is on.
    #[must_use]
    pub fn here(self) -> &'static str {
        if self == Glyphs::Ascii { ">" } else { "▌" }
    }
}

/// A style for each role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    styles: Vec<Style>,
    glyphs: Glyphs,
}

impl Theme {
    /// A theme by its name.
    ///
    /// # Errors
    /// A usage error where there is none of that name.
    pub fn named(name: &str, glyphs: Glyphs) -> Result<Self> {
        let known = BUILT_IN.iter().map(|(name, _)| *name);
        let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) else {
            return Err(Error::usage(format!("there is no theme {name}")).hint(did_you_mean(name, known, "it is one of: ")));
        };
        Theme::parse(&format!("assets/themes/{name}.toml"), text, glyphs)
    }

    /// A theme from the text of a file.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(file: &str, text: &str, glyphs: Glyphs) -> Result<Self> {
        let document = Document::parse(file, text)?;
        let mut root = document.root();
        root.required_string("about")?;
        let mut section = root.required_section("roles")?;
        let styles = Role::ALL
            .iter()
            .map(|role| {
                let words = section.required_string(role.key())?;
                style(&words.value).map_err(|word| words.error(format!("`{word}` is neither a colour nor a way to write")))
            })
            .collect::<Result<_>>()?;
        section.finish()?;
        root.finish()?;
        Ok(Theme { styles, glyphs })
    }

    /// The names of the themes that are built in.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The style of a role.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// With which characters lines are drawn.
    #[must_use]
    pub fn glyphs(&self) -> Glyphs {
        self.glyphs
    }
}

/// The style that some words say; the first word that says nothing otherwise.
fn style(words: &str) -> std::result::Result<Style, String> {
    let mut style = Style::new();
    let mut background = false;
    for word in words.split_whitespace() {
        style = match word {
            "on" => {
                background = true;
                continue;
            }
            "bold" => style.add_modifier(Modifier::BOLD),
            "dim" => style.add_modifier(Modifier::DIM),
            "underline" => style.add_modifier(Modifier::UNDERLINED),
            "reverse" => style.add_modifier(Modifier::REVERSED),
            "italic" => style.add_modifier(Modifier::ITALIC),
            other => match colour(other) {
                Some(colour) if background => style.bg(colour),
                Some(colour) => style.fg(colour),
                None => return Err(other.to_owned()),
            },
        };
    }
    Ok(style)
}

fn colour(word: &str) -> Option<Color> {
    Some(match word {
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "white" => Color::Gray,
        "bright_black" => Color::DarkGray,
        "bright_red" => Color::LightRed,
        "bright_green" => Color::LightGreen,
        "bright_yellow" => Color::LightYellow,
        "bright_blue" => Color::LightBlue,
        "bright_magenta" => Color::LightMagenta,
        "bright_cyan" => Color::LightCyan,
        "bright_white" => Color::White,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_theme_has_every_role_and_the_one_without_colour_has_none() {
        for name in Theme::names() {
            let theme = Theme::named(name, Glyphs::Lines).unwrap();
            assert_eq!(theme.styles.len(), Role::ALL.len(), "{name}");
            let colourless = theme.styles.iter().all(|s| s.fg.is_none() && s.bg.is_none());
            assert_eq!(colourless, name == "none", "{name}");
        }
    }

    #[test]
    fn what_is_wrong_in_a_theme_is_said_with_its_place() {
        let whole = BUILT_IN[0].1;
        for (from, to, told) in [
            ("quiet = \"dim\"", "quiet = \"dimm\"", "`dimm` is neither"),
            ("quiet = \"dim\"", "", "needs the key quiet"),
            ("quiet = \"dim\"", "quiet = \"dim\"\nloud = \"bold\"", "there is no key loud"),
        ] {
            let text = whole.replacen(from, to, 1);
            let error = Theme::parse("mine.toml", &text, Glyphs::Lines).unwrap_err().to_string();
            assert!(error.contains(told) && error.contains("mine.toml:"), "{error}");
        }
        assert!(Theme::named("drak", Glyphs::Lines).unwrap_err().to_string().contains("did you mean dark?"));
    }
}
